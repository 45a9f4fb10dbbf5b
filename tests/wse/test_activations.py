"""The activations that the Model Zoo passes on are those of TensorFlow 2.2's Keras."""

import numpy as np
import pytest
import tensorflow as tf

from shared.config import schema
from train.model import activations

VALUES = np.linspace(-7, 7, 29, dtype=np.float32).reshape(1, 29)
# What the Model Zoo adds to Keras', at -4, -1, 0, 2 and 8: min(max(x, 0), 6), x relu6(x + 3) / 6.
OF_ITS_OWN = {"relu6": [0, 0, 0, 2, 6], "hard_swish": [0, -1 / 3, 0, 5 / 3, 8]}


def test_all_of_them_can_be_configured():
    assert set(activations.FUNCTIONS) == set(schema.KERAS_ACTIVATIONS)


@pytest.mark.skipif(not tf.__version__.startswith("2.2."), reason="Keras has changed since")
@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("name", sorted(set(activations.FUNCTIONS) - set(OF_ITS_OWN)))
def test_those_of_keras(name, dtype):
    x = tf.cast(VALUES, dtype)
    expected = tf.keras.activations.get(name)(x)
    found = activations.FUNCTIONS[name](x)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, rtol=1e-6 if dtype == "float32" else 2e-3)


@pytest.mark.parametrize("name", OF_ITS_OWN)
def test_those_of_its_own(name):
    found = activations.FUNCTIONS[name](tf.constant([-4.0, -1.0, 0.0, 2.0, 8.0]))
    np.testing.assert_allclose(found, OF_ITS_OWN[name], rtol=1e-6)
