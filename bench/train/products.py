"""How fast a training step would be if it did nothing but its matrix products.

Each product of the forward pass, [m, k] x [k, n], comes with the two of its backward pass,
[m, n] x [n, k] and [k, m] x [m, n], as TensorFlow runs them: with the factors as stored in memory.
"""

import collections
import time

import tensorflow as tf

from shared.config import ModelConfig
from train.model import flops

_REPEATS = 10


def seconds(model: ModelConfig, rows: int, length: int, dtype) -> float:
    """Seconds of all products of a step of [rows, length] tokens."""
    alike = collections.Counter(flops.products(model, rows, length))
    return sum(number * _three(*shape, dtype) for shape, number in alike.items())


def _three(count, m, k, n, dtype):
    """Seconds of a product and its two derivatives."""
    x, w, slope = (tf.cast(tf.random.normal([count, *shape]), dtype)
                   for shape in ((m, k), (k, n), (m, n)))  # fmt: skip
    if count == 1:  # TensorFlow's product of two matrices, not of a batch of them
        x, w, slope = x[0], w[0], slope[0]

    @tf.function
    def products(x, w, slope):
        return (
            tf.matmul(x, w),
            tf.matmul(slope, w, transpose_b=True),
            tf.matmul(x, slope, transpose_a=True),
        )

    return min(_timed(lambda: products(x, w, slope)) for _ in range(3))


def _timed(run):
    run()
    started = time.monotonic()
    for _ in range(_REPEATS):
        run()
    return (time.monotonic() - started) / _REPEATS
