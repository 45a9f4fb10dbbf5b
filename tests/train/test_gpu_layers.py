"""The layers of a GPU compute what those of a CPU do."""

import numpy as np
import pytest
import tensorflow as tf

from tests.train.test_last_layer import logits_and_gradients
from train.gpu.layers import GpuLayers, XlaLayers, layers_of_device
from train.model.layers import Layers, no_dropout


def with_gpu_layers():
    return logits_and_gradients(GpuLayers(tf.float32, no_dropout))


@tf.function(jit_compile=True, autograph=False)
def with_xla_layers():
    return logits_and_gradients(XlaLayers(tf.float32, no_dropout))


@pytest.mark.parametrize("found", [with_gpu_layers, with_xla_layers])
def test_logits_and_gradients(found):
    expected_logits, expected = logits_and_gradients(Layers(tf.float32, no_dropout))
    logits, gradients = found()
    np.testing.assert_allclose(logits, expected_logits, rtol=1e-5, atol=1e-5)
    for name, value in expected.items():
        np.testing.assert_allclose(gradients[name], value, rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("rows", [2, 3])
def test_a_lookup(rows):
    table = tf.constant(np.random.RandomState(1).rand(rows, 4).astype(np.float32))
    ids = tf.constant([[0, 1, 1], [1, 0, rows - 1]])
    np.testing.assert_array_equal(
        GpuLayers(tf.float32).lookup(table, ids), Layers(tf.float32).lookup(table, ids)
    )


@pytest.mark.parametrize("use_xla", [True, False])
def test_a_cpu_has_layers_of_its_own(use_xla):
    assert layers_of_device(use_xla) is Layers
