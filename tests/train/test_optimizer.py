"""Optimizers and clipping against arithmetic by hand, and against TensorFlow 1's own."""

import math

import numpy as np
import pytest
import tensorflow as tf

from shared.config import OptimizerConfig
from tests.train.conftest import constant
from train.gpu import update_kernels
from train.optim import optimizer


def options(**given):
    return OptimizerConfig(**{"learning_rate": constant(1.0), "epsilon": 0.5, **given})


def adamw(step=0, decay=0.0, **given):
    """One step from parameter 2, m 1, v 4 by gradient 3 at rate 0.1: (parameter', m', v')."""
    slots = [tf.constant(1.0), tf.constant(4.0)]
    given = options(**given)
    correction = optimizer.bias_correction(given, step)
    parameter, slots = optimizer.update(
        tf.constant(2.0), slots, tf.constant(3.0), 0.1, given, decay, correction
    )
    return [float(x) for x in (parameter, *slots)]


def test_one_adamw_step_by_hand():
    # m' = 0.9 * 1 + 0.1 * 3; v' = 0.999 * 4 + 0.001 * 9
    m, v = 1.2, 4.005
    change = m / (math.sqrt(v) + 0.5)
    assert adamw() == pytest.approx([2 - 0.1 * change, m, v])
    assert adamw(decay=0.01) == pytest.approx([2 - 0.1 * (change + 0.01 * 2), m, v])


def test_bias_correction_counts_the_first_step_as_1():
    m, v = 1.2, 4.005
    for step in (0, 9):
        t = step + 1
        factor = math.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        expected = 2 - 0.1 * factor * m / (math.sqrt(v) + 0.5)
        assert adamw(step, use_bias_correction=True)[0] == pytest.approx(expected, rel=1e-4)


# The Model Zoo takes these three from TensorFlow 1.
@pytest.mark.parametrize(
    "kind, theirs",
    [
        ("adam", lambda: tf.compat.v1.train.AdamOptimizer(0.1, 0.8, 0.9, 0.01, name="Adam")),
        ("momentum", lambda: tf.compat.v1.train.MomentumOptimizer(0.1, 0.7, name="SGDM")),
        ("sgd", lambda: tf.compat.v1.train.GradientDescentOptimizer(0.1)),
    ],
)
def test_three_steps_are_those_of_tensorflow_1(kind, theirs):
    gradients = np.random.RandomState(3).randn(3, 4).astype(np.float32)
    expected = tensorflow_1(theirs, gradients)
    given = options(optimizer_type=kind, beta1=0.8, beta2=0.9, epsilon=0.01, momentum=0.7)
    value, slots = tf.zeros(4), [tf.zeros(4) for _ in optimizer.SLOTS[kind]]
    for step, gradient in enumerate(gradients):
        correction = optimizer.bias_correction(given, step)
        value, slots = optimizer.update(value, slots, gradient, 0.1, given, 0.0, correction)
    named = zip(optimizer.SLOTS[kind], slots, strict=True)
    found = {f"w/{name}": slot.numpy() for name, slot in named}
    found = {"w": value.numpy(), **found, **optimizer.powers(given, 3)}
    assert set(found) == set(expected)  # the names in a checkpoint, too
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-5, atol=1e-7, err_msg=name)


@pytest.mark.parametrize("kind", optimizer.SLOTS)
@pytest.mark.parametrize("is_corrected", [False, True])
def test_the_kernels_update_as_the_formulas_do(kind, is_corrected):
    given = options(optimizer_type=kind, epsilon=0.01, use_bias_correction=is_corrected)
    decay = 0.3 if kind == "adamw" else 0.0
    value, slots = tf.constant([1.0, -2.0]), [tf.zeros(2) for _ in optimizer.SLOTS[kind]]
    variable, slot_variables = tf.Variable(value), [tf.Variable(slot) for slot in slots]
    for step, gradient in enumerate(np.random.RandomState(3).randn(3, 2).astype(np.float32)):
        correction = optimizer.bias_correction(given, step)
        value, slots = optimizer.update(value, slots, gradient, 0.1, given, decay, correction)
        update_kernels.updating(given, 0.1, step)(variable, slot_variables, gradient, decay)
    for found, expected in zip([variable, *slot_variables], [value, *slots], strict=True):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-4)


def tensorflow_1(make, gradients):
    """{variable name: value} after a step with each gradient, in a graph of its own."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        variable = tf.compat.v1.get_variable("w", [4], initializer=tf.zeros_initializer())
        fed = tf.compat.v1.placeholder(tf.float32, [4])
        step = make().apply_gradients([(fed, variable)])
        session.run(tf.compat.v1.global_variables_initializer())
        for gradient in gradients:
            session.run(step, {fed: gradient})
        found = tf.compat.v1.global_variables()
        return {v.op.name: session.run(v) for v in found}


def test_adamw_keeps_powers_only_for_bias_correction():
    assert optimizer.powers(options(), 3) == {}
    powers = optimizer.powers(options(use_bias_correction=True), 3)
    assert powers == {"beta1_power": 0.9**4, "beta2_power": 0.999**4}


def test_layer_norms_and_biases_do_not_decay():
    given = options(weight_decay_rate=0.01)
    for name, decay in (
        ("encoder/ffn/dense_layer/dense_layer/kernel", 0.01),
        ("encoder/ffn/dense_layer/dense_layer/bias", 0.0),
        ("encoder/layer_normalization_layer_1/layer_normalization_layer_1/gamma", 0.0),
        ("pre_encoder_layer_norm/pre_encoder_layer_norm/gamma", 0.0),
        ("input_embedding/embedding_weights", 0.01),
    ):
        assert optimizer.weight_decay(name, given) == decay, name


@pytest.mark.parametrize(
    "given, expected",
    [
        ({}, [3.0, 4.0]),
        ({"max_gradient_norm": 10.0}, [3.0, 4.0]),
        ({"max_gradient_norm": 1.0}, [0.6, 0.8]),
        ({"max_gradient_value": 3.5}, [3.0, 3.5]),
    ],
)
def test_clipping(given, expected):
    gradients = [tf.constant(3.0), tf.constant(4.0)]
    clipped = optimizer.clip(gradients, tf.constant(5.0), options(**given))
    assert [float(x) for x in clipped] == pytest.approx(expected)
