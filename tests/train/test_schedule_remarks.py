"""What is said of a learning rate that a training does not use as it is meant."""

import pytest

from shared.config import OptimizerConfig, Schedule
from train.optim.schedule_remarks import remarks


def linear(first, last, steps):
    values = {"initial_learning_rate": first, "end_learning_rate": last, "steps": steps}
    return Schedule("Linear", values)


def constant(rate):
    return Schedule("Constant", {"learning_rate": rate})


ZERO = "the learning rate is 0 in every step up to {}: no weight will change"
ENDED = (
    "the learning rate is 0 from step {} on: the steps up to {} change no weight; end there, or "
    "make the schedule longer"
)
RISES = (
    "the learning rate rises up to the last step, to {}: the warm-up is longer than the training "
    "of {} steps"
)


@pytest.mark.parametrize(
    "schedules, last_step, expected",
    [
        ([constant(1e-3)], 10, None),
        ([constant(1e-3)], 1, None),
        ([constant(0.0)], 10, ZERO.format(10)),
        ([linear(0.0, 1e-3, 4)], 1, ZERO.format(1)),
        ([linear(1e-3, 0.0, 10)], 10, None),  # step 9 has 1e-4
        ([linear(1e-3, 0.0, 10)], 11, ENDED.format(10, 11)),
        ([linear(1e-3, 0.0, 2)], 12, ENDED.format(2, 12)),
        ([linear(1e-3, 1e-5, 2)], 12, None),  # stays at 1e-5
        ([linear(0.0, 1e-3, 4), linear(1e-3, 0.0, 6)], 10, None),
        ([linear(0.0, 1e-3, 4), linear(1e-3, 0.0, 6)], 12, ENDED.format(10, 12)),
        ([linear(0.0, 1e-3, 1000), constant(1e-3)], 4, RISES.format("3.00e-06", 4)),
        ([linear(0.0, 1e-3, 4), constant(1e-3)], 4, RISES.format("7.50e-04", 4)),
        ([linear(0.0, 1e-3, 4), constant(1e-3)], 5, None),
        ([linear(0.0, 1e-3, 4)], 100, None),  # then it stays there
        ([linear(1.0, 0.0, 500_000)], 1_000_000, ENDED.format(500_000, 1_000_000)),
    ],
)
def test_remarks(schedules, last_step, expected):
    found = remarks(OptimizerConfig(learning_rate=tuple(schedules)), last_step)
    assert found == ([] if expected is None else [expected])
