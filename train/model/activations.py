"""The activations that the Model Zoo takes from Keras by name, besides gelu: TensorFlow 2.2's.

Keras has since changed one of them: its hard_sigmoid of today is relu6(x + 3) / 6.
tests/wse/test_activations.py compares all with TensorFlow 2.2's own.
"""

import tensorflow as tf


def _hard_sigmoid(x):
    return tf.clip_by_value(0.2 * x + 0.5, 0.0, 1.0)


def _hard_swish(x):
    return x * tf.nn.relu6(x + 3.0) / 6.0


# {name: function of a tensor of any shape; softmax is over the last axis}
FUNCTIONS = {
    "elu": tf.nn.elu,
    "exponential": tf.exp,
    "hard_sigmoid": _hard_sigmoid,
    "hard_swish": _hard_swish,
    "linear": tf.identity,
    "relu": tf.nn.relu,
    "relu6": tf.nn.relu6,
    "selu": tf.nn.selu,
    "sigmoid": tf.sigmoid,
    "softmax": tf.nn.softmax,
    "softplus": tf.nn.softplus,
    "softsign": tf.nn.softsign,
    "swish": tf.nn.swish,
    "tanh": tf.tanh,
}
