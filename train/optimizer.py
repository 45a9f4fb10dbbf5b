"""AdamW (Loshchilov & Hutter 2017) as BERT and the Model Zoo use it, and gradient clipping.

Pure functions: whoever calls them assigns the results.
"""

import re

import tensorflow as tf

from shared.config import OptimizerConfig

# Names of the slots behind a variable's name, those of the Model Zoo's checkpoints: m and v.
SLOTS = ("AdamW", "AdamW_1")


def adamw(parameter, m, v, gradient, rate, options: OptimizerConfig, decay, step):
    """One update of one parameter.

        m' = beta1 m + (1 - beta1) g          v' = beta2 v + (1 - beta2) g^2
        parameter' = parameter - rate (m' / (sqrt(v') + epsilon) + decay parameter)

    With bias correction m' / (sqrt(v') + epsilon) is multiplied by
    sqrt(1 - beta2^t) / (1 - beta1^t), t = step + 1.

    Args:
      parameter, m, v, gradient: float32 tensors of one shape.
      rate: learning rate, scalar.
      decay: weight decay of this parameter; see `weight_decay`.
      step: integer scalar, 0 for the first step.
    Returns:
      (parameter', m', v').
    """
    m = options.beta1 * m + (1.0 - options.beta1) * gradient
    v = options.beta2 * v + (1.0 - options.beta2) * tf.square(gradient)
    update = m / (tf.sqrt(v) + options.epsilon)
    if options.use_bias_correction:
        t = tf.cast(step + 1, tf.float32)
        update *= tf.sqrt(1.0 - tf.pow(options.beta2, t)) / (1.0 - tf.pow(options.beta1, t))
    if decay:
        update += decay * parameter
    return parameter - rate * update, m, v


def weight_decay(name, options: OptimizerConfig) -> float:
    """The weight decay of the variable `name`: 0 where a pattern of the exclusion list is found."""
    excluded = any(re.search(pattern, name) for pattern in options.exclude_from_weight_decay)
    return 0.0 if excluded else options.weight_decay_rate


def clip(gradients, options: OptimizerConfig):
    """Clips by global norm, by value, or not at all.

    Returns: (clipped gradients, their global norm before clipping).
    """
    norm = tf.linalg.global_norm(gradients)
    if options.max_gradient_norm:
        gradients, _ = tf.clip_by_global_norm(gradients, options.max_gradient_norm, use_norm=norm)
    elif options.max_gradient_value:
        limit = options.max_gradient_value
        gradients = [tf.clip_by_value(gradient, -limit, limit) for gradient in gradients]
    return gradients, norm
