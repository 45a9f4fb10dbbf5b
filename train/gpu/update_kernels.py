"""The updates of train/optim/optimizer.py with TensorFlow's own kernels, which write in place.

An update with plain operations passes over the parameters' memory about 15 times; these pass once.
The formulas are the same; tests/train/test_optimizer.py checks both against the same numbers.
"""

from typing import Callable

import tensorflow as tf

from shared.config import OptimizerConfig


def updating(options: OptimizerConfig, rate, step) -> Callable:
    """The updates of one step, whose scalars are computed once for all variables.

    Args:
      rate: learning rate, scalar.
      step: integer scalar, 0 for the first step.
    Returns:
      A function (variable, slots, gradient, decay) that updates a float32 tf.Variable and its
      slots, as many variables of its shape as optimizer.SLOTS names; gradient and decay as in
      optimizer.update.
    """
    return _KERNELS[options.optimizer_type](options, tf.convert_to_tensor(rate), step)


def _adamw(options, rate, step):
    kernel = _adam_kernel(options, rate, step, options.use_bias_correction)
    factors = {}  # {decay: the share of a weight that remains}

    def update(variable, slots, gradient, decay):
        if decay:
            if decay not in factors:
                factors[decay] = 1.0 - rate * decay
            variable.assign(variable * factors[decay])
        kernel(variable, slots, gradient)

    return update


def _adam(options, rate, step):
    kernel = _adam_kernel(options, rate, step, True)
    return lambda variable, slots, gradient, decay: kernel(variable, slots, gradient)


def _adam_kernel(options, rate, step, is_corrected):
    """The kernel always corrects; with powers of 0 its correction is 1."""
    t = tf.cast(step + 1, tf.float32)
    betas = [tf.constant(options.beta1), tf.constant(options.beta2)]
    powers = [tf.pow(beta, t) if is_corrected else tf.zeros([]) for beta in betas]
    scalars = {
        "beta1_power": powers[0],
        "beta2_power": powers[1],
        "lr": rate,
        "beta1": betas[0],
        "beta2": betas[1],
        "epsilon": tf.constant(options.epsilon),
    }

    def kernel(variable, slots, gradient):
        m, v = (slot.handle for slot in slots)
        tf.raw_ops.ResourceApplyAdam(var=variable.handle, m=m, v=v, grad=gradient, **scalars)

    return kernel


def _momentum(options, rate, step):
    momentum = tf.constant(options.momentum)

    def update(variable, slots, gradient, decay):
        tf.raw_ops.ResourceApplyMomentum(
            var=variable.handle, accum=slots[0].handle, lr=rate, grad=gradient, momentum=momentum
        )

    return update


def _sgd(options, rate, step):
    def update(variable, slots, gradient, decay):
        tf.raw_ops.ResourceApplyGradientDescent(var=variable.handle, alpha=rate, delta=gradient)

    return update


_KERNELS = {"adamw": _adamw, "adam": _adam, "momentum": _momentum, "sgd": _sgd}
