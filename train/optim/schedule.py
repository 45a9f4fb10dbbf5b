"""Learning-rate schedules of the Cerebras Model Zoo; shared/config/schedules.py declares them."""

import math

import tensorflow as tf


def learning_rate(schedules, step, reset_steps):
    """The learning rate of a step.

    A list runs in sequence: [Linear 0 -> 1 over 4 steps, Constant 1] gives 0, 0.25, 0.5, 0.75,
    then 1 for good.

    Args:
      schedules: tuple of shared.config.Schedule.
      step: integer scalar tensor, 0 for the first step of training.
      reset_steps: whether each schedule counts its steps from its own beginning (the default), or
        from the beginning of training (`disable_lr_steps_reset`, as in Google's BERT).
    Returns:
      float32 scalar tensor.
    """
    step = tf.cast(step, tf.float32)
    starts = [0]
    for schedule in schedules[:-1]:
        starts.append(starts[-1] + schedule.duration)
    rate = None
    for schedule, start in zip(schedules, starts):
        current = _FORMULAS[schedule.scheduler](step - (start if reset_steps else 0), schedule)
        rate = current if rate is None else tf.where(step < start, rate, current)
    return rate


def _constant(_, schedule):
    return tf.constant(schedule.values["learning_rate"], tf.float32)


def _exponential(step, schedule):
    values = schedule.values
    periods = step / values["decay_steps"]
    if values.get("staircase"):
        periods = tf.floor(periods)
    return values["initial_learning_rate"] * tf.pow(values["decay_rate"], periods)


def _polynomial(step, schedule):
    values = schedule.values
    first, last = values["initial_learning_rate"], values["end_learning_rate"]
    duration = tf.constant(values["steps"], tf.float32)
    if values.get("cycle"):
        duration *= tf.maximum(tf.math.ceil(step / duration), 1.0)
    left = 1.0 - tf.minimum(step, duration) / duration
    return (first - last) * tf.pow(left, values.get("power", 1.0)) + last


def _piecewise_constant(step, schedule):
    values, boundaries = schedule.values["values"], schedule.values["boundaries"]
    rate = tf.constant(values[0], tf.float32)
    for boundary, value in zip(boundaries, values[1:]):
        rate = tf.where(step > boundary, tf.constant(value, tf.float32), rate)
    return rate


def _cosine(step, schedule):
    values = schedule.values
    done = tf.minimum(step / values["decay_steps"], 1.0)
    alpha = values.get("alpha", 0.0)
    share = (1.0 - alpha) * 0.5 * (1.0 + tf.cos(math.pi * done)) + alpha
    return values["initial_learning_rate"] * share


_FORMULAS = {
    "Constant": _constant,
    "Exponential": _exponential,
    "PiecewiseConstant": _piecewise_constant,
    "Linear": _polynomial,
    "Polynomial": _polynomial,
    "Cosine": _cosine,
}
