import pytest
import tensorflow as tf

from shared.config import OptimizerConfig
from tests.train.conftest import constant
from train.optim import loss_scale


def after(steps, **options):
    """The scale after steps of which "." was finite and "x" overflowed."""
    given = OptimizerConfig(learning_rate=constant(1.0), **options)
    state = loss_scale.first_state(given)
    for step in steps:
        state = loss_scale.updated(state, tf.constant(step == "."), given)
    return float(state.current_loss_scale)


@pytest.mark.parametrize(
    "steps, expected",
    [
        ("", 2**15),
        ("x", 2**14),
        ("xx", 2**13),
        # Each count begins anew after a change: one overflow in 2 steps is a share of 0.5.
        ("x.x", 2**13),
        # 1 in 20 is just the tolerance of 0.05, 1 in 19 is above it.
        ("." * 19 + "x", 2**15),
        ("." * 18 + "x", 2**14),
        # The share falls again as finite steps follow; two of 40 are tolerated, two of 39 not.
        ("." * 19 + "x" + "." * 19 + "x", 2**15),
        ("." * 19 + "x" + "." * 18 + "x", 2**14),
    ],
)
def test_halved_above_the_tolerance(steps, expected):
    assert after(steps) == expected


def test_doubled_after_steps_per_increase():
    few = {"initial_loss_scale": 4.0, "steps_per_increase": 3}
    assert [after("." * n, **few) for n in range(7)] == [4, 4, 4, 8, 8, 8, 16]
    # A tolerated overflow does not put off the increase.
    assert after("..x", **few, overflow_tolerance=0.5) == 8


def test_it_stays_within_its_limits():
    limits = {"initial_loss_scale": 4.0, "min_loss_scale": 2.0, "max_loss_scale": 4.0}
    assert after("xxx", **limits) == 2
    assert after("..", **limits, steps_per_increase=1) == 4
