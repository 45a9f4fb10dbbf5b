"""Derivatives in closed form against those that TensorFlow derives from the single operations."""

import math

import numpy as np
import pytest
import tensorflow as tf

from train.model import derivatives


def plain_gelu(x):
    return 0.5 * x * (1 + tf.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))


def plain_gelu_erf(x):
    return 0.5 * x * (1 + tf.math.erf(x / math.sqrt(2)))


def plain_normalized(x, gamma, beta, epsilon=1e-3):
    mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, epsilon)


def ours_normalized(x, gamma, beta):
    return derivatives.normalized(x, gamma, beta, 1e-3, derivatives.product_of_rows)


def ours_normalized_by_reduction(x, gamma, beta):
    return derivatives.normalized(x, gamma, beta, 1e-3, derivatives.reduction_of_rows)


def add_bias(x, bias):
    return derivatives.add_bias(x, bias, derivatives.product_of_rows)


def add_bias_by_reduction(x, bias):
    return derivatives.add_bias(x, bias, derivatives.reduction_of_rows)


def drawn(*shape):
    return np.random.RandomState(len(shape)).randn(*shape)


VALUES = np.array([-9.0, -3, -1, -1e-3, 0, 0.5, 2, 9])
CASES = {
    "gelu": (derivatives.gelu, plain_gelu, [VALUES]),
    "gelu_erf": (derivatives.gelu_erf, plain_gelu_erf, [VALUES]),
    "normalized": (ours_normalized, plain_normalized, [drawn(2, 3, 5), drawn(5), drawn(5)]),
    "add_bias": (add_bias, tf.add, [drawn(4, 3), drawn(3)]),
    "add_bias by reduction": (add_bias_by_reduction, tf.add, [drawn(4, 3), drawn(3)]),
}


@pytest.mark.parametrize("name", CASES)
def test_values_and_derivatives(name):
    ours, plain, arguments = CASES[name]
    found = values_and_derivatives(ours, arguments, tf.float32)
    expected = values_and_derivatives(plain, arguments, tf.float64)
    for ours_array, plain_array in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours_array, plain_array, rtol=2e-5, atol=2e-6)


def values_and_derivatives(function, arguments, dtype):
    """[the values, the derivative for each argument], under an outer gradient that varies."""
    tensors = [tf.constant(argument, dtype) for argument in arguments]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        values = function(*tensors)
    outer = tf.reshape(tf.cast(tf.range(1, tf.size(values) + 1), dtype), tf.shape(values))
    return [values, *tape.gradient(values, tensors, output_gradients=outer)]


def test_gelu_of_bfloat16_is_that_of_float32_rounded_once():
    x = tf.cast(tf.linspace(-4.0, 4.0, 101), tf.bfloat16)
    for function in (derivatives.gelu, derivatives.gelu_erf):
        expected = tf.cast(function(tf.cast(x, tf.float32)), tf.bfloat16)
        np.testing.assert_array_equal(function(x), expected)
