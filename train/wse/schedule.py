"""The learning rate in the form of the Model Zoo's graph: TensorFlow 1's schedules in a tf.case.

The numbers are those of train/optim/schedule.py, whose operations Cerebras' compiler has not seen.
"""

import tensorflow as tf


def learning_rate(schedules, global_step, reset_steps):
    """The learning rate of a step; arguments and result as train.optim.schedule.learning_rate.

    Args: global_step, the variable: the branches of the case read it themselves.
    """
    if len(schedules) == 1:
        return _RATES[schedules[0].scheduler](global_step, **schedules[0].values)
    cases, start = [], 0
    for schedule in schedules:
        rate = _branch(schedule, global_step, start if reset_steps else 0)
        if len(cases) + 1 < len(schedules):
            start += schedule.duration
            cases.append((tf.less(global_step, start), rate))
    return tf.case(cases, default=rate)


def _branch(schedule, global_step, start):
    return lambda: _RATES[schedule.scheduler](global_step - start, **schedule.values)


def _constant(_, learning_rate, steps=None):
    return tf.constant(learning_rate, tf.float32)


def _exponential(step, initial_learning_rate, decay_steps, decay_rate, staircase=False, steps=None):
    return tf.compat.v1.train.exponential_decay(
        initial_learning_rate, step, decay_steps, decay_rate, staircase
    )


def _polynomial(step, initial_learning_rate, end_learning_rate, steps, power=1.0, cycle=False):
    return tf.compat.v1.train.polynomial_decay(
        initial_learning_rate, step, steps, end_learning_rate, power, cycle
    )


def _piecewise_constant(step, boundaries, values, steps=None):
    return tf.compat.v1.train.piecewise_constant(step, list(boundaries), list(values))


def _cosine(step, initial_learning_rate, decay_steps, alpha=0.0, steps=None):
    return tf.compat.v1.train.cosine_decay(initial_learning_rate, step, decay_steps, alpha)


_RATES = {
    "Constant": _constant,
    "Exponential": _exponential,
    "PiecewiseConstant": _piecewise_constant,
    "Linear": _polynomial,
    "Polynomial": _polynomial,
    "Cosine": _cosine,
}
