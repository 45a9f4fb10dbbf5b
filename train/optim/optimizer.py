"""The optimizers of the Model Zoo, and gradient clipping.

Pure functions: the caller assigns the results.
"""

import re

import tensorflow as tf

from shared.config import OptimizerConfig

# {optimizer_type: the names of its slots, appended to a variable's name, as in the Model Zoo's
# checkpoints}
SLOTS = {
    "adamw": ("AdamW", "AdamW_1"),  # m, v
    "adam": ("Adam", "Adam_1"),  # m, v
    "momentum": ("SGDM",),
    "sgd": (),
}


def slot_names(name: str, options: OptimizerConfig):
    """What a checkpoint calls the slots of the variable `name`."""
    return [f"{name}/{slot}" for slot in SLOTS[options.optimizer_type]]


def update(parameter, slots, gradient, rate, options: OptimizerConfig, decay, correction):
    """One update of one parameter.

    Args:
      parameter, gradient: float32 tensors or variables of one shape.
      slots: as many tensors or variables of that shape as SLOTS names.
      rate: learning rate, scalar.
      decay: weight decay of this parameter; see `weight_decay`.
      correction: of the step; see `bias_correction`.
    Returns:
      (parameter', [slots']).
    """
    kind = options.optimizer_type
    return _UPDATES[kind](parameter, slots, gradient, rate, options, decay, correction)


def _adamw(parameter, slots, gradient, rate, options, decay, correction):
    """AdamW (Loshchilov & Hutter 2017) as in Google's BERT.

        m' = beta1 m + (1 - beta1) g          v' = beta2 v + (1 - beta2) g^2
        parameter' = parameter - rate (m' / (sqrt(v') + epsilon) + decay parameter)

    With bias correction m' / (sqrt(v') + epsilon) is multiplied by it.
    """
    change, slots = _adam_change(slots, gradient, options, correction)
    if decay:
        change += decay * parameter
    return parameter - rate * change, slots


def _adam(parameter, slots, gradient, rate, options, decay, correction):
    """Adam (Kingma & Ba 2014) as in TensorFlow 1: always bias-corrected, no weight decay."""
    change, slots = _adam_change(slots, gradient, options, correction)
    return parameter - rate * change, slots


def _adam_change(slots, gradient, options, correction):
    m = options.beta1 * slots[0] + (1.0 - options.beta1) * gradient
    v = options.beta2 * slots[1] + (1.0 - options.beta2) * tf.square(gradient)
    change = m / (tf.sqrt(v) + options.epsilon)
    if correction is not None:
        change *= correction
    return change, [m, v]


def _momentum(parameter, slots, gradient, rate, options, decay, correction):
    """a' = momentum a + g; parameter' = parameter - rate a'."""
    accumulated = options.momentum * slots[0] + gradient
    return parameter - rate * accumulated, [accumulated]


def _sgd(parameter, slots, gradient, rate, options, decay, correction):
    """parameter' = parameter - rate g."""
    return parameter - rate * gradient, []


_UPDATES = {"adamw": _adamw, "adam": _adam, "momentum": _momentum, "sgd": _sgd}


def bias_correction(options: OptimizerConfig, step):
    """What Adam's change is multiplied by in a step, a scalar; None without bias correction.

    Args: step, integer scalar tensor, 0 for the first step.
    """
    if not _is_corrected(options):
        return None
    t = tf.cast(step + 1, tf.float32)
    return correction(tf.pow(options.beta1, t), tf.pow(options.beta2, t))


def correction(beta1_power, beta2_power):
    """sqrt(1 - beta2^t) / (1 - beta1^t); args: beta1^t and beta2^t, t = step + 1."""
    return tf.sqrt(1.0 - beta2_power) / (1.0 - beta1_power)


def powers(options: OptimizerConfig, step: int):
    """{name: value} of what a tf.estimator stores beside the slots, before the step `step`.

    The Model Zoo's Adam and its AdamW with bias correction hold beta^t, t = step + 1.
    """
    if not _is_corrected(options):
        return {}
    t = step + 1
    return {"beta1_power": options.beta1**t, "beta2_power": options.beta2**t}


def _is_corrected(options):
    kind = options.optimizer_type
    return kind == "adam" or (kind == "adamw" and options.use_bias_correction)


def weight_decay(name, options: OptimizerConfig) -> float:
    """The weight decay of the variable `name`: 0 if a pattern of the exclusion list matches."""
    excluded = any(re.search(pattern, name) for pattern in options.exclude_from_weight_decay)
    return 0.0 if excluded else options.weight_decay_rate


def clip(gradients, norm, options: OptimizerConfig):
    """Gradients clipped by global norm, by value, or not at all.

    Args: norm, scalar, the gradients' global norm.
    """
    if options.max_gradient_norm:
        gradients, _ = tf.clip_by_global_norm(gradients, options.max_gradient_norm, use_norm=norm)
    elif options.max_gradient_value:
        limit = options.max_gradient_value
        gradients = [tf.clip_by_value(gradient, -limit, limit) for gradient in gradients]
    return gradients
