"""Which rows each step takes, and which part of them a process reads. NumPy only."""

from typing import NamedTuple

import numpy as np

from shared.config import Config
from shared.errors import UserError

# Enough for lengths within a step to be nearly equal, too few for an epoch to look sorted.
_STEPS_TO_GROUP = 100
EPOCHS_WITHOUT_END = np.iinfo(np.int64).max


class Share(NamedTuple):
    """How the rows of a step are distributed.

    A step takes `parts` x `replicas` batches of `rows`: each replica takes one batch for every
    part. This process feeds `here` of the replicas, starting with number `first`.
    With 2 parts, 2 processes of one replica each and batches of 3, a step of rows 0 to 11 is

        part 0: rows 0 1 2 for process 0, 3 4 5 for process 1
        part 1: rows 6 7 8 for process 0, 9 10 11 for process 1
    """

    rows: int
    parts: int
    replicas: int
    first: int
    here: int

    @property
    def rows_per_step(self) -> int:
        return self.rows * self.parts * self.replicas

    @property
    def batches_per_step(self) -> int:
        """The number of batches that this process reads."""
        return self.parts * self.here


def share(batch_size: int, parts: int, input_context=None) -> Share:
    """The Share of a process.

    Args:
      batch_size: rows of one part, over all replicas.
      parts: over how many batches gradients are accumulated.
      input_context: a tf.distribute.InputContext; None for one process with one replica.
    """
    if input_context is None:
        return Share(batch_size, parts, 1, 0, 1)
    replicas = input_context.num_replicas_in_sync
    here = replicas // input_context.num_input_pipelines
    first = here * input_context.input_pipeline_id
    return Share(batch_size // replicas, parts, replicas, first, here)


def seed_of(params: Config) -> int:
    """The seed of a training's order of rows."""
    stated = params.train_input.shuffle_seed
    return params.runconfig.tf_random_seed if stated is None else stated


def steps_per_epoch(examples: int, share: Share) -> int:
    """The number of complete steps in an epoch.

    Raises:
      UserError: there are too few rows for one.
    """
    steps = examples // share.rows_per_step
    if steps == 0:
        parts = share.parts
        accumulated = f" x optimizer.grad_accum_steps {parts}" if parts > 1 else ""
        raise UserError(
            f"the train split has {examples} examples, fewer than train_input.batch_size "
            f"{share.rows * share.replicas}{accumulated}; use a smaller batch"
        )
    return steps


def permutation(seed: int, epoch: int, examples: int) -> np.ndarray:
    """The order of an epoch, int64 [examples]; NumPy guarantees that RandomState never changes."""
    return np.random.RandomState([seed, epoch]).permutation(examples).astype(np.int64)


def permutation_of_buffer(seed: int, epoch: int, number: int, size: int) -> np.ndarray:
    """The order of the records in a buffer of a stream, int64 [size]; args: number, of the buffer
    in the epoch."""
    return np.random.RandomState([seed, epoch, number]).permutation(size).astype(np.int64)


def grouped(rows: np.ndarray, lengths: np.ndarray, share: Share, seed: int, epoch: int):
    """The rows of whole steps, reordered so that rows of about the same length share a step.

    Within every _STEPS_TO_GROUP steps the rows are sorted by length and cut into steps again; then
    all steps are shuffled. With steps of 2 rows of lengths 9 3 9 4 | 5 8, grouped by 2 steps, the
    lengths become 3 4 | 9 9 | 5 8, in any order of steps.

    Args:
      rows: int64 [examples], all row numbers in the epoch's order.
      lengths: int [examples], tokens of each row number.
      seed, epoch: determine the order of the steps.
    Returns: int64 [steps * rows_per_step].
    """
    steps = steps_per_epoch(len(rows), share)
    rows = rows[: steps * share.rows_per_step]
    pool = _STEPS_TO_GROUP * share.rows_per_step
    pools = [rows[start : start + pool] for start in range(0, len(rows), pool)]
    ordered = [some[np.argsort(lengths[some], kind="stable")] for some in pools]
    of_steps = np.concatenate(ordered).reshape(steps, share.rows_per_step)
    return of_steps[np.random.RandomState([seed, epoch, 1]).permutation(steps)].reshape(-1)


def epoch_batches(rows: np.ndarray, share: Share) -> np.ndarray:
    """The batches that this process reads in an epoch, in order.

    Args: rows, int64 [examples], all row numbers in the epoch's order; those that do not fill a
      step are left out.
    Returns: int64 [steps * batches_per_step, rows of a batch].
    """
    steps = steps_per_epoch(len(rows), share)
    dealt = rows[: steps * share.rows_per_step].reshape(
        steps * share.parts, share.replicas, share.rows
    )
    return dealt[:, share.first : share.first + share.here].reshape(-1, share.rows)
