"""The updates of train/optimizer.py by TensorFlow's own kernels, which write in place.

An update of N parameters by plain operations passes over memory about 15 times; these pass once.
`python -m bench.train` measures what that is worth. The formulas are those of train/optimizer.py,
and tests/train/test_optimizer.py holds both to the same numbers.
"""

import tensorflow as tf

from shared.config import OptimizerConfig


def apply(variable, slots, gradient, rate, options: OptimizerConfig, decay: float, step) -> None:
    """Updates a variable and its slots; the arguments are those of optimizer.update.

    Args:
      variable: float32 tf.Variable.
      slots: as many variables of its shape as optimizer.SLOTS names.
    """
    _KERNELS[options.optimizer_type](variable, slots, gradient, rate, options, decay, step)


def _adamw(variable, slots, gradient, rate, options, decay, step):
    if decay:
        variable.assign(variable * (1.0 - rate * decay))
    _adam_kernel(variable, slots, gradient, rate, options, options.use_bias_correction, step)


def _adam(variable, slots, gradient, rate, options, decay, step):
    _adam_kernel(variable, slots, gradient, rate, options, True, step)


def _adam_kernel(variable, slots, gradient, rate, options, is_corrected, step):
    """The kernel always corrects; by powers of 0 its correction is 1."""
    t = tf.cast(step + 1, tf.float32)
    powers = [tf.pow(beta, t) if is_corrected else 0.0 for beta in (options.beta1, options.beta2)]
    tf.raw_ops.ResourceApplyAdam(
        var=variable.handle,
        m=slots[0].handle,
        v=slots[1].handle,
        beta1_power=powers[0],
        beta2_power=powers[1],
        lr=rate,
        beta1=options.beta1,
        beta2=options.beta2,
        epsilon=options.epsilon,
        grad=gradient,
    )


def _momentum(variable, slots, gradient, rate, options, decay, step):
    tf.raw_ops.ResourceApplyMomentum(
        var=variable.handle,
        accum=slots[0].handle,
        lr=rate,
        grad=gradient,
        momentum=options.momentum,
    )


def _sgd(variable, slots, gradient, rate, options, decay, step):
    tf.raw_ops.ResourceApplyGradientDescent(var=variable.handle, alpha=rate, delta=gradient)


_KERNELS = {"adamw": _adamw, "adam": _adam, "momentum": _momentum, "sgd": _sgd}
