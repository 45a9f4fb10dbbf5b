"""What wse computes of an update in a form of its own gives the numbers of the other backends."""

import numpy as np
import pytest
import tensorflow as tf

from shared.config import OptimizerConfig, Schedule
from train.optim import loss_scale as formulas
from train.optim import schedule as rates
from train.wse import graph_variables, loss_scale, schedule

LINEAR = Schedule("Linear", {"initial_learning_rate": 0.0, "end_learning_rate": 1.0, "steps": 4})
POLYNOMIAL = {"initial_learning_rate": 1.0, "end_learning_rate": 0.1, "steps": 5, "power": 2.0}
COSINE = Schedule("Cosine", {"initial_learning_rate": 1.0, "decay_steps": 6, "alpha": 0.1})
EXPONENTIAL = {"initial_learning_rate": 1.0, "decay_steps": 3, "decay_rate": 0.5}
PIECES = {"boundaries": (2, 5), "values": (1.0, 0.5, 0.25)}
FLAT = Schedule("Constant", {"learning_rate": 2.0, "steps": 3})


@pytest.mark.parametrize("resets", [True, False])
@pytest.mark.parametrize(
    "schedules",
    [
        (Schedule("Constant", {"learning_rate": 0.5}),),
        (LINEAR,),
        (LINEAR, COSINE, Schedule("Polynomial", {**POLYNOMIAL, "cycle": True})),
        (LINEAR, Schedule("Polynomial", POLYNOMIAL)),
        (FLAT, Schedule("PiecewiseConstant", PIECES)),
        (Schedule("Exponential", {**EXPONENTIAL, "staircase": True, "steps": 7}), COSINE),
        (Schedule("Exponential", EXPONENTIAL),),
    ],
)  # fmt: skip
def test_learning_rates(schedules, resets):
    steps = range(16)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        variable = tf.compat.v1.train.get_or_create_global_step()
        rate = schedule.learning_rate(schedules, variable, resets)
        other = rates.learning_rate(schedules, tf.convert_to_tensor(variable), resets)
        session.run(tf.compat.v1.global_variables_initializer())
        found = []
        for step in steps:
            variable.load(step, session)
            found.append(session.run((rate, other)))
    found, expected = np.transpose(found)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)
    assert len(set(found)) > 1 or schedules[0].scheduler == "Constant"


def test_a_loss_scale_over_200_steps():
    """Of random overflows, and of so many in a row that the scale reaches its lower limit."""
    options = OptimizerConfig(
        (), initial_loss_scale=64.0, max_loss_scale=256.0, min_loss_scale=0.5, steps_per_increase=7
    )
    overflows = np.random.RandomState(5).rand(200) < 0.06
    overflows[100:130] = True
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        first = formulas.first_state(options)
        state = formulas.State(
            *(graph_variables.scalar(name, value) for name, value in first._asdict().items())
        )
        is_finite = tf.compat.v1.placeholder(tf.bool, [])
        changed = tf.group(*loss_scale.updated(state, is_finite, options))
        given = [tf.compat.v1.placeholder(value.dtype, []) for value in first]
        expected = formulas.updated(formulas.State(*given), is_finite, options)
        session.run(tf.compat.v1.global_variables_initializer())
        scales = []
        for overflow in overflows:
            fed = {is_finite: not overflow, **dict(zip(given, session.run(list(state))))}
            after = session.run(list(expected), fed)
            session.run(changed, {is_finite: not overflow})
            assert session.run(list(state)) == after
            scales.append(after[0])
    assert min(scales) == 0.5 and max(scales) == 256.0
