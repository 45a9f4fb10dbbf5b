"""A dynamic loss scale in the order of operations by which Cerebras' kernel for it is matched.

The numbers are those of train/optim/loss_scale.py, the order is that of the Model Zoo: every value
is assigned as soon as it is known, and what follows reads it from the variable again.
"""

import tensorflow as tf

from shared.config import OptimizerConfig
from train.optim.loss_scale import State


def updated(state: State, is_finite, options: OptimizerConfig) -> State:
    """The last assignment to each of the variables; good_steps gets none.

    Args:
      state: variables.
      is_finite: bool scalar, whether all gradients of the step were.
    """
    scale, good_steps, steps, overflows = state
    steps = steps.assign_add(1)
    overflows = overflows.assign_add(1 - tf.cast(is_finite, tf.int64))
    share = tf.cast(overflows, tf.float32) / tf.cast(steps, tf.float32)
    is_too_high = tf.cast(share > options.overflow_tolerance, tf.int64)
    steps, overflows = _kept_unless(is_too_high, steps, overflows)
    scale = scale.assign(scale / tf.cast(1 + is_too_high, tf.float32))
    is_increase_due = tf.maximum(steps - options.steps_per_increase + 1, 0)
    scale = scale.assign(scale * tf.cast(is_increase_due + 1, tf.float32))
    scale = scale.assign(tf.clip_by_value(scale, options.min_loss_scale, options.max_loss_scale))
    steps, overflows = _kept_unless(is_increase_due, steps, overflows)
    return State(scale, good_steps, steps, overflows)


def _kept_unless(is_reset, *counters):
    """The counters, set to 0 where is_reset is 1."""
    return [counter.assign(counter * (1 - is_reset)) for counter in counters]
