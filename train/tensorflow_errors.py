"""What TensorFlow raises in mid-training, and the user can mend, becomes a message."""

from contextlib import contextmanager

import tensorflow as tf

from shared.config import InputConfig, OptimizerConfig
from shared.errors import UserError, plain_message
from shared.manifest import Manifest


@contextmanager
def explained(inputs: InputConfig, optimizer: OptimizerConfig, found: Manifest):
    """Raises UserError where memory or the data runs out inside the block.

    A batch of 32 that does not fit in memory is answered with one of 16 and accumulation over 2,
    the same effective batch.
    """
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise UserError(_out_of_memory(inputs, optimizer, found, error)) from None
    except tf.errors.OutOfRangeError:
        raise UserError(
            f"train_input.input_fn {inputs.input_fn} came to an end in mid-training; its dataset "
            "must repeat"
        ) from None
    except (tf.errors.DataLossError, tf.errors.NotFoundError) as error:
        raise UserError(
            f"the records of {inputs.data_dir} cannot be read: {plain_message(error)}. "
            f"`make verify TASK={found.task}` names file and record."
        ) from None


def _out_of_memory(inputs, optimizer, found, error):
    size, length = inputs.batch_size, found.max_sequence_length
    return (
        f"out of memory with batch {size} x length {length}: {plain_message(error)}. "
        f"{_advice(size, optimizer.grad_accum_steps)} Shorter records (MSL) and "
        "model.mixed_precision: true take less, too. The last checkpoint is untouched."
    )


def _advice(batch_size: int, parts: int) -> str:
    if batch_size == 1:
        return "The batch cannot be smaller; take a smaller model."
    divisor = next(n for n in range(2, batch_size + 1) if batch_size % n == 0)
    return (
        f"Use train_input.batch_size: {batch_size // divisor} and optimizer.grad_accum_steps: "
        f"{parts * divisor}, which keep the effective batch of {batch_size * parts}."
    )
