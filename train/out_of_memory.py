"""Says what to change where a step does not fit in memory."""

from contextlib import contextmanager

import tensorflow as tf

from shared.config import InputConfig, OptimizerConfig
from shared.errors import UserError
from shared.manifest import Manifest


@contextmanager
def explained(inputs: InputConfig, optimizer: OptimizerConfig, found: Manifest):
    """Raises UserError where memory runs out inside the block.

    A batch of 32 is answered with one of 16 and accumulation over 2, the same effective batch.
    """
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        reason = str(error.message).splitlines()[0]
        size, length = inputs.batch_size, found.max_sequence_length
        raise UserError(
            f"out of memory with batch {size} x length {length}: {reason}. "
            f"{_advice(size, optimizer.grad_accum_steps)} Shorter records (MSL) and "
            "model.mixed_precision: true take less, too. The last checkpoint is untouched."
        ) from None


def _advice(batch_size: int, parts: int) -> str:
    if batch_size == 1:
        return "The batch cannot be smaller; take a smaller model."
    divisor = next(n for n in range(2, batch_size + 1) if batch_size % n == 0)
    return (
        f"Use train_input.batch_size: {batch_size // divisor} and optimizer.grad_accum_steps: "
        f"{parts * divisor}, which keep the effective batch of {batch_size * parts}."
    )
