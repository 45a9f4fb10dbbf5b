"""Turns errors of TensorFlow that the user can fix into messages."""

import re
from contextlib import contextmanager
from typing import Optional

import numpy as np
import tensorflow as tf

from shared.config import InputConfig, OptimizerConfig
from shared.errors import UserError, of_library, plain_message
from shared.manifest import Manifest
from train import tf_config
from train.data import record_rules

_OUT_OF_MEMORY = (
    r"(?i)out[ _]of[ _]memory|failed to allocate|without BLAS support|"
    r"CU(BLAS|DNN)_STATUS_(ALLOC_FAILED|NOT_INITIALIZED)"
)


# What TensorFlow raises where another worker is lost.
LOST = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError)


@contextmanager
def explained(
    inputs: InputConfig,
    manifest: Manifest,
    optimizer: Optional[OptimizerConfig] = None,
    devices: int = 1,
):
    """Raises UserError if memory or the data runs out, or another worker fails, inside the block.

    For a training batch of 32 that does not fit in memory, the advice is 16 and accumulation over
    2, the same effective batch.

    Args:
      inputs: of the data that is read.
      manifest: its manifest.
      optimizer: in training; None if the data is scored.
      devices: how many share a batch.
    """
    try:
        yield
    except (tf.errors.ResourceExhaustedError, tf.errors.InternalError) as error:
        about_disk = of_library(error, plain_message(error).split(";")[0])  # of XLA's programs
        if about_disk:
            raise about_disk from None
        if not is_about_memory(error):
            raise
        advice = _smaller_batch(inputs, optimizer, devices)
        batch = f"batch {inputs.batch_size} x length {manifest.max_sequence_length}"
        raise UserError(
            f"out of memory with {batch}: {plain_message(error).rstrip('.')}. {advice} Shorter "
            "records (MSL) and model.mixed_precision: true also need less; nvidia-smi shows how "
            "much of a GPU other processes hold. The last checkpoint is untouched."
        ) from None
    except tf.errors.OutOfRangeError:
        raise UserError(
            f"train_input.input_fn {inputs.input_fn} ran out of data during training; its dataset "
            "must repeat"
        ) from None
    except (tf.errors.DataLossError, tf.errors.NotFoundError) as error:
        raise _unreadable(inputs, manifest, error) from None
    except tf.errors.InvalidArgumentError as error:
        if record_rules.broken(str(error.message)) is None:
            raise
        raise _unreadable(inputs, manifest, error) from None
    except LOST as error:
        raise lost_worker(error) from None


def lost_worker(error: tf.errors.OpError) -> UserError:
    """The message for an error of TensorFlow that is about another worker."""
    return UserError(
        f"{_which_worker(error)} ended or cannot be reached. Read its output; start all workers "
        "again with the same command: a training resumes from its last checkpoint."
    )


def _which_worker(error) -> str:
    """What a worker hears of another from a third one names both; the last is where it began. Of
    workers that have not come in time there is a list. Where the service that the first worker runs
    does not answer, none may be named."""
    cluster = tf_config.read()
    text = str(error.message)
    listed = text.partition("timed out task names:")[2].partition("\n\n")[0]
    numbers = [int(number) for number in re.findall(r"/task:(\d+)", listed or text)]
    if not numbers and "CoordinationService" in text:
        numbers = [0]
    others = [n for n in numbers if cluster and n != cluster.index and n < len(cluster.workers)]
    if cluster and others:
        return f"worker {others[-1]} ({cluster.workers[others[-1]]})"
    return f"another worker ({plain_message(error)})"


def is_about_memory(error: tf.errors.OpError) -> bool:
    """Whether memory ran out.

    When a GPU's libraries find none at their start, it is an InternalError.
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
        f"`make verify TASK={manifest.task}` names the file and the record."
    )


def _smaller_batch(inputs, optimizer, devices) -> str:
    size = inputs.batch_size
    if optimizer is None:
        return f"Use a batch_size smaller than {size} for evaluation."
    shares = size // devices
    divisor = next((n for n in range(2, shares + 1) if shares % n == 0), None)
    if divisor is None:
        return "The batch cannot be smaller on this many devices; use a smaller model."
    parts = optimizer.grad_accum_steps
    return (
        f"Use train_input.batch_size: {size // divisor} and optimizer.grad_accum_steps: "
        f"{parts * divisor}, which keep the effective batch of {size * parts}."
    )


class DivergedError(UserError):
    """A training diverged: its gradients, or the outputs of the model, are NaN or infinite."""


def check_finite(scores: np.ndarray, split: str) -> None:
    """Raises DivergedError if a score is NaN or infinite."""
    if not np.isfinite(scores).all():
        raise DivergedError(
            f"the model's outputs on split {split} are NaN or infinite: its training diverged. "
            "Train it again with a smaller learning rate."
        )
