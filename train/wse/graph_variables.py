"""Variables of a TensorFlow 1 graph, which a tf.estimator restores and saves by their names."""

import tensorflow as tf

from train.model.initial_weights import STDDEV
from train.model.variables import Spec

_INITIALIZERS = {
    "truncated_normal": tf.compat.v1.truncated_normal_initializer(stddev=STDDEV),
    "zeros": tf.compat.v1.zeros_initializer(),
    "ones": tf.compat.v1.ones_initializer(),
}


def weight(spec: Spec):
    """A variable of the model, float32."""
    return _variable(spec.name, spec.shape, _INITIALIZERS[spec.initial], is_trained=True)


def slot(name: str, shape):
    """A variable of the optimizer, float32, 0 before the first step."""
    return _variable(name, shape, _INITIALIZERS["zeros"])


def scalar(name: str, value):
    """A scalar that begins with a value, which gives it its dtype; args: value, of NumPy."""
    return _variable(name, [], tf.compat.v1.constant_initializer(value), value.dtype)


def _variable(name, shape, initializer, dtype=tf.float32, is_trained=False):
    return tf.compat.v1.get_variable(
        name, shape, dtype, initializer, trainable=is_trained, use_resource=True
    )
