"""A training's length in steps: what epochs, and shares of the training, come to on its data."""

import dataclasses
from typing import Optional, Union

from shared.config import Config, OptimizerConfig, Schedule
from shared.config.schedules import CONSTANT, COSINE
from shared.errors import UserError
from shared.manifest import Manifest
from shared.tasks import TRAIN_SPLIT
from train.data import order

# The values of a schedule that may be shares of the training.
_COUNTS = ("steps", "decay_steps", "boundaries")


def in_steps(params: Config, manifest: Manifest) -> Config:
    """The configuration with nothing counted in epochs or shares.

    8 epochs of 100 examples in batches of 30 are 8 x (100 // 30) = 24 steps, as each epoch has
    complete batches only; a warm-up of a tenth is 2 of them.

    Args: manifest, of the training's data.
    Raises:
      UserError: there are too few examples for a step, or shares of a length that is not known.
    """
    run = params.runconfig
    if run.num_epochs is not None:
        max_steps = _steps(run.num_epochs, params, manifest)
        run = dataclasses.replace(run, max_steps=max_steps, num_epochs=None)
    if run.save_checkpoints_epochs is not None:
        every = _steps(run.save_checkpoints_epochs, params, manifest)
        run = dataclasses.replace(run, save_checkpoints_steps=every, save_checkpoints_epochs=None)
    optimizer = _scheduled(params.optimizer, run.max_steps)
    return dataclasses.replace(params, runconfig=run, optimizer=optimizer)


def per_epoch(params: Config, manifest: Manifest) -> int:
    """Steps of an epoch; raises UserError if the examples are not counted, or too few for one."""
    if not manifest.splits[TRAIN_SPLIT].is_counted:
        raise UserError(
            f"an epoch of {params.train_input.place} has no known length without a dataset: give "
            "runconfig.max_steps and save_checkpoints_steps, not num_epochs and "
            "save_checkpoints_epochs"
        )
    share = order.share(params.train_input.batch_size, params.optimizer.grad_accum_steps)
    return order.steps_per_epoch(manifest.splits[TRAIN_SPLIT].examples, share)


def _steps(epochs: float, params: Config, manifest: Manifest) -> int:
    return max(1, round(epochs * per_epoch(params, manifest)))


def _scheduled(optimizer: OptimizerConfig, length: Optional[int]) -> OptimizerConfig:
    """The optimizer with schedules in steps, and without warmup_ratio and learning_rate_decay."""
    schedules = optimizer.learning_rate
    if optimizer.warmup_ratio is not None or optimizer.learning_rate_decay is not None:
        schedules = _shaped(optimizer, length)
    return dataclasses.replace(
        optimizer,
        learning_rate=tuple(_counted(schedule, length) for schedule in schedules),
        warmup_ratio=None,
        learning_rate_decay=None,
    )


def _shaped(optimizer: OptimizerConfig, length: Optional[int]) -> "tuple[Schedule, ...]":
    """Warm-up to the rate, then its decay to 0."""
    rate = optimizer.learning_rate[0].values["learning_rate"]
    warm_up = _count(optimizer.warmup_ratio or 0, length)
    rise = Schedule(
        "Linear",
        {"initial_learning_rate": 0.0, "end_learning_rate": rate, "steps": warm_up},
    )
    return (*([rise] if warm_up else []), _falling(optimizer, rate, length, warm_up))


def _falling(optimizer: OptimizerConfig, rate, length, warm_up: int) -> Schedule:
    decay = optimizer.learning_rate_decay or CONSTANT
    if decay == CONSTANT:
        return Schedule("Constant", {"learning_rate": rate})
    left = max(1, _count(1, length) - warm_up)
    if decay == COSINE:
        return Schedule("Cosine", {"initial_learning_rate": rate, "decay_steps": left})
    return Schedule(
        "Linear", {"initial_learning_rate": rate, "end_learning_rate": 0.0, "steps": left}
    )


def _counted(schedule: Schedule, length: Optional[int]) -> Schedule:
    """The schedule with every share of the training as a number of steps."""
    counts = {
        key: _counts(value, length) for key, value in schedule.values.items() if key in _COUNTS
    }
    return Schedule(schedule.scheduler, {**schedule.values, **counts})


def _counts(value, length: Optional[int]):
    if isinstance(value, tuple):
        return tuple(_counts(item, length) for item in value)
    return max(1, _count(value, length)) if 0 < value < 1 else value


def _count(share: Union[int, float], length: Optional[int]) -> int:
    if share and length is None:
        raise UserError(
            "optimizer.learning_rate is given in shares of the training, whose length is not "
            "known with runconfig.steps; give num_epochs or max_steps (--max_steps) instead"
        )
    return round(share * (length or 0))
