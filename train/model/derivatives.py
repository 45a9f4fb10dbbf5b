"""Functions with their derivatives in closed form.

TensorFlow's automatic derivatives of the single operations pass over the tensors two to three times
as often; on a CPU that is a large part of a training step. tests/train/test_derivatives.py compares
values and derivatives with TensorFlow's.
"""

import math

import tensorflow as tf

_SQRT_HALF = math.sqrt(0.5)
_SQRT_2_OVER_PI = math.sqrt(2 / math.pi)
_CUBIC = 0.044715


@tf.custom_gradient
def gelu(x):
    """0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), in float32.

    Its derivative is 0.5 (1 + t) + 0.5 x (1 - t^2) sqrt(2 / pi) (1 + 3 * 0.044715 x^2), where t is
    the hyperbolic tangent.

    Args: x, a floating-point tensor of any shape.
    """
    wide = tf.cast(x, tf.float32)
    squared = tf.square(wide)
    t = tf.tanh(wide * (squared * (_SQRT_2_OVER_PI * _CUBIC) + _SQRT_2_OVER_PI))
    share = 0.5 * t + 0.5

    def gradient(outer):
        inner_slope = squared * (1.5 * _SQRT_2_OVER_PI * _CUBIC) + 0.5 * _SQRT_2_OVER_PI
        slope = share + wide * inner_slope * (1.0 - tf.square(t))
        return outer * tf.cast(slope, outer.dtype)

    return tf.cast(wide * share, x.dtype), gradient


@tf.custom_gradient
def gelu_erf(x):
    """x F(x), F the normal distribution function, in float32; its derivative is F(x) + x F'(x).

    Args: x, a floating-point tensor of any shape.
    """
    wide = tf.cast(x, tf.float32)
    share = 0.5 * tf.math.erf(wide * _SQRT_HALF) + 0.5

    def gradient(outer):
        # Not exp(-...): TensorFlow evaluates a chain of functions of one argument value by value.
        density = tf.exp(tf.square(wide) * -0.5) * (1 / math.sqrt(2 * math.pi))
        return outer * tf.cast(share + wide * density, outer.dtype)

    return tf.cast(wide * share, x.dtype), gradient


def normalized(x, gamma, beta, epsilon, sum_of_rows, stored=lambda moment: moment):
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta over the last axis.

    With z = (x - mean) / sqrt(variance + epsilon) and g the gradient times gamma, that of x is
    (g - mean(g) - z mean(g z)) / sqrt(variance + epsilon).

    Args:
      x: float32 [..., H].
      gamma, beta: float32 [H].
      sum_of_rows: one of the two functions below.
      stored: the identity, or one that keeps a row's mean and scale in memory.
    """

    @tf.custom_gradient
    def function(x, gamma, beta):
        centred = x - stored(tf.reduce_mean(x, axis=-1, keepdims=True))
        variance = tf.reduce_mean(tf.square(centred), axis=-1, keepdims=True)
        scale = stored(tf.math.rsqrt(variance + epsilon))
        z = centred * scale

        def gradient(outer):
            g = outer * gamma
            projected = z * tf.reduce_mean(g * z, axis=-1, keepdims=True)
            of_x = (g - tf.reduce_mean(g, axis=-1, keepdims=True) - projected) * scale
            return of_x, sum_of_rows(outer * z), sum_of_rows(outer)

        return z * gamma + beta, gradient

    return function(x, gamma, beta)


def add_bias(x, bias, sum_of_rows):
    """x + bias; args: x [..., C], bias [C], of one dtype; sum_of_rows, as of `normalized`."""

    @tf.custom_gradient
    def function(x, bias):
        return tf.nn.bias_add(x, bias), lambda outer: (outer, sum_of_rows(outer))

    return function(x, bias)


def product_of_rows(x):
    """[..., C] -> [C], the sum as a product with ones: on a CPU faster than TensorFlow's sum."""
    flat = tf.reshape(x, [-1, x.shape[-1]])
    return tf.squeeze(tf.matmul(tf.ones([1, tf.shape(flat)[0]], x.dtype), flat), axis=0)


def reduction_of_rows(x):
    """[..., C] -> [C], the sum in float32: XLA fuses it with what makes x."""
    flat = tf.reshape(tf.cast(x, tf.float32), [-1, x.shape[-1]])
    return tf.cast(tf.reduce_sum(flat, axis=0), x.dtype)
