"""Loss scaling, which keeps float16 gradients between underflow and overflow.

The loss is multiplied by a scale before gradients are computed, and they are divided by it
afterwards. The dynamic scale follows the Model Zoo's rule for CS systems. It is halved when more
than a tolerated share of the steps since the last change overflowed, and doubled after
`steps_per_increase` steps without that; a step whose gradients are not finite is skipped in any
case.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from shared.config import OptimizerConfig

DYNAMIC = ("dynamic", "tf_dynamic")  # as on a CS system, both follow one rule


class State(NamedTuple):
    """The state of a dynamic loss scale, scalars under their names in a checkpoint.

    good_steps belongs to TensorFlow's own rule; checkpoints have it, but nothing reads it.
    """

    current_loss_scale: object  # float32
    good_steps: object  # int64
    steps_since_rescale: object  # int64
    overflows_since_rescale: object  # int64


def first_state(options: OptimizerConfig) -> State:
    """The state before the first step, NumPy scalars."""
    zero = np.int64(0)
    return State(np.float32(options.initial_loss_scale), zero, zero, zero)


def updated(state: State, is_finite, options: OptimizerConfig) -> State:
    """The state after a step.

    With a tolerance of 0.05 and no earlier overflows, one overflow in 10 steps is a share of 0.1
    and halves the scale; one in 40 does not.

    Args:
      state: tensors.
      is_finite: bool scalar, whether all gradients of the step were.
    """
    # Arithmetic, not logic: Cerebras' compiler is not known to support LogicalAnd or LogicalNot.
    steps = state.steps_since_rescale + 1
    overflows = state.overflows_since_rescale + (1 - tf.cast(is_finite, tf.int64))
    share = tf.cast(overflows, tf.float32) / tf.cast(steps, tf.float32)
    is_too_high = tf.cast(share > options.overflow_tolerance, tf.int64)
    is_increase_due = (1 - is_too_high) * tf.cast(steps >= options.steps_per_increase, tf.int64)
    factor = tf.cast(1 + is_increase_due, tf.float32) / tf.cast(1 + is_too_high, tf.float32)
    scale = tf.clip_by_value(
        state.current_loss_scale * factor, options.min_loss_scale, options.max_loss_scale
    )
    goes_on = 1 - is_too_high - is_increase_due
    return State(scale, state.good_steps, steps * goes_on, overflows * goes_on)


def scaling(options: OptimizerConfig, dtype):
    """A number, or one of DYNAMIC.

    Only float16 needs it; for other dtypes the settings are accepted and ignored.

    Args: dtype, of the matrix products.
    """
    if dtype != tf.float16:
        return 1.0
    stated = options.loss_scaling_factor
    return DYNAMIC[0] if stated is None else stated
