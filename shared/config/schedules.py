"""Learning-rate schedules of a configuration; train/optim/schedule.py computes them.

Where the Model Zoo has a number of steps, a number between 0 and 1 is a share of the training.
"""

from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple

from shared.config import settings
from shared.suggest import unknown

# {scheduler: (required keys, optional keys)}, as the Model Zoo defines them. `steps` is how
# long one lasts when another follows it.
SCHEDULERS = {
    "Constant": (("learning_rate",), ("steps",)),
    "Exponential": (("initial_learning_rate", "decay_steps", "decay_rate"), ("staircase", "steps")),
    "PiecewiseConstant": (("boundaries", "values"), ("steps",)),
    "Linear": (("initial_learning_rate", "steps", "end_learning_rate"), ("cycle",)),
    "Polynomial": (("initial_learning_rate", "steps", "end_learning_rate"), ("power", "cycle")),
    "Cosine": (("initial_learning_rate", "decay_steps"), ("alpha", "steps")),
}
# How a rate that is a number falls after its warm-up.
CONSTANT, LINEAR, COSINE = DECAYS = ("constant", "linear", "cosine")
_SCHEDULE_VALUES = {
    "learning_rate": settings.number(0),
    "initial_learning_rate": settings.number(0),
    "end_learning_rate": settings.number(0),
    "steps": settings.steps_or_share(1),
    "decay_steps": settings.steps_or_share(1),
    "decay_rate": settings.number(0),
    "staircase": settings.boolean,
    "cycle": settings.boolean,
    "power": settings.number(0),
    "alpha": settings.number(0),
    "boundaries": lambda value: tuple(map(settings.steps_or_share(0), _list(value))),
    "values": lambda value: tuple(map(settings.number(0), _list(value))),
}


@dataclass(frozen=True)
class Schedule:
    """One learning-rate schedule; `values` holds the keys of SCHEDULERS that were given."""

    scheduler: str
    values: Dict[str, Any]

    @property
    def duration(self) -> Optional[int]:
        """Steps until the next schedule of a list begins; None if it is not given."""
        if self.scheduler == "Cosine":
            return self.values.get("steps", self.values["decay_steps"])
        return self.values.get("steps")


def _list(value) -> list:
    if not isinstance(value, list) or not value:
        raise ValueError(f"expected a list, found {value!r}")
    return value


def parse_learning_rate(value) -> Tuple[Schedule, ...]:
    """A number, one schedule or a list of schedules becomes a tuple of schedules."""
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        return (Schedule("Constant", {"learning_rate": settings.number(0)(value)}),)
    schedules = tuple(_schedule(entry) for entry in _list(value))
    for position, schedule in enumerate(schedules[:-1], start=1):
        if schedule.duration is None:
            raise ValueError(
                f"schedule {position} ({schedule.scheduler}) is followed by another one and "
                "needs `steps`, how long it lasts"
            )
    return schedules


def _schedule(entry) -> Schedule:
    if not isinstance(entry, dict) or "scheduler" not in entry:
        raise ValueError(f"expected a mapping with a key `scheduler`, found {entry!r}")
    values = dict(entry)
    scheduler = values.pop("scheduler")
    if not isinstance(scheduler, str) or scheduler not in SCHEDULERS:
        raise ValueError(unknown("scheduler", scheduler, SCHEDULERS))
    required, optional = SCHEDULERS[scheduler]
    for key in required:
        if key not in values:
            raise ValueError(f"{scheduler} needs `{key}`")
    for key in values:
        if key not in required + optional:
            raise ValueError(f"{scheduler}: " + unknown("key", key, required + optional))
    parsed = {key: _SCHEDULE_VALUES[key](value) for key, value in values.items()}
    if scheduler == "PiecewiseConstant":
        _check_pieces(parsed["boundaries"], parsed["values"])
    return Schedule(scheduler, parsed)


def _check_pieces(boundaries, values) -> None:
    if len(values) != len(boundaries) + 1:
        raise ValueError("PiecewiseConstant needs one more of `values` than of `boundaries`")
    if any(later <= earlier for earlier, later in zip(boundaries, boundaries[1:])):
        raise ValueError(f"PiecewiseConstant needs rising `boundaries`, found {list(boundaries)}")
    if len({0 < boundary < 1 for boundary in boundaries}) > 1:
        raise ValueError(
            "PiecewiseConstant: give all `boundaries` as steps, or all as shares of the training, "
            f"found {list(boundaries)}"
        )
