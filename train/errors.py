"""What TensorFlow raises in mid-work, and the user can mend, becomes a message."""

import re
from contextlib import contextmanager
from typing import Optional

import numpy as np
import tensorflow as tf

from shared.config import InputConfig, OptimizerConfig
from shared.errors import UserError, plain_message
from shared.manifest import Manifest
from train.data import record_rules

_OUT_OF_MEMORY = (
    r"(?i)out[ _]of[ _]memory|failed to allocate|without BLAS support|"
    r"CU(BLAS|DNN)_STATUS_(ALLOC_FAILED|NOT_INITIALIZED)"
)


@contextmanager
def explained(
    inputs: InputConfig,
    manifest: Manifest,
    optimizer: Optional[OptimizerConfig] = None,
    devices: int = 1,
):
    """Raises UserError where memory or the data runs out, or other workers do, inside the block.

    A training batch of 32 that does not fit in memory is answered with one of 16 and accumulation
    over 2, the same effective batch.

    Args:
      inputs: of the data that is read.
      manifest: its manifest.
      optimizer: in training; None where the data is scored.
      devices: how many share a batch.
    """
    try:
        yield
    except (tf.errors.ResourceExhaustedError, tf.errors.InternalError) as error:
        if not is_about_memory(error):
            raise
        advice = _smaller_batch(inputs, optimizer, devices)
        batch = f"batch {inputs.batch_size} x length {manifest.max_sequence_length}"
        raise UserError(
            f"out of memory with {batch}: {plain_message(error)}. {advice} Shorter records (MSL) "
            "and model.mixed_precision: true also need less; nvidia-smi shows what other "
            "processes hold of a GPU. The last checkpoint is untouched."
        ) from None
    except tf.errors.OutOfRangeError:
        raise UserError(
            f"train_input.input_fn {inputs.input_fn} came to an end in mid-training; its dataset "
            "must repeat"
        ) from None
    except (tf.errors.DataLossError, tf.errors.NotFoundError) as error:
        raise _unreadable(inputs, manifest, error) from None
    except tf.errors.InvalidArgumentError as error:
        if record_rules.broken(str(error.message)) is None:
            raise
        raise _unreadable(inputs, manifest, error) from None
    except (tf.errors.UnavailableError, tf.errors.AbortedError) as error:
        raise UserError(
            f"another worker ended or cannot be reached: {plain_message(error)}. See what it "
            "printed; start all of them again to go on from the last checkpoint."
        ) from None


def is_about_memory(error: tf.errors.OpError) -> bool:
    """Whether memory ran out.

    A GPU's libraries that find none, when they start, are an InternalError.
    """
    if isinstance(error, tf.errors.ResourceExhaustedError):
        return True
    return re.search(_OUT_OF_MEMORY, str(error.message)) is not None


def _unreadable(inputs, manifest, error):
    rule = record_rules.broken(str(error.message))
    fault = plain_message(error) if rule is None else f"a batch breaks the rule: {rule}"
    if inputs.input_fn:
        return UserError(f"input_fn {inputs.input_fn}: {fault}")
    return UserError(
        f"the records of {inputs.data_dir} cannot be read: {fault}. "
        f"`make verify TASK={manifest.task}` names file and record."
    )


def _smaller_batch(inputs, optimizer, devices) -> str:
    size = inputs.batch_size
    if optimizer is None:
        return f"Use a batch_size smaller than {size} for evaluation."
    shares = size // devices
    divisor = next((n for n in range(2, shares + 1) if shares % n == 0), None)
    if divisor is None:
        return "The batch cannot be smaller on so many devices; take a smaller model."
    parts = optimizer.grad_accum_steps
    return (
        f"Use train_input.batch_size: {size // divisor} and optimizer.grad_accum_steps: "
        f"{parts * divisor}, which keep the effective batch of {size * parts}."
    )


class DivergedError(UserError):
    """A training went wrong: its gradients, or the answers of its weights, are NaN or Inf."""


def check_finite(scores: np.ndarray, split: str) -> None:
    """Raises DivergedError where a score is NaN or Inf."""
    if not np.isfinite(scores).all():
        raise DivergedError(
            f"the model answers NaN or Inf on split {split}; its training diverged. Train it again "
            "with a smaller learning rate."
        )
