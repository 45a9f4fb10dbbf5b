"""How fast the device multiplies matrices at best, by TensorFlow."""

import statistics
import time

import tensorflow as tf

_PRODUCTS, _ROUNDS = 20, 5


def rate(size: int, dtype, use_xla: bool = False) -> float:
    """Operations per second of [size, size] products of random numbers.

    Each multiplies the former one's result; the second factor is such that its values keep their
    size.
    """
    x = tf.cast(tf.random.stateless_normal([size, size], [1, 2]), dtype)
    factor = tf.cast(tf.random.stateless_normal([size, size], [3, 4]) * size**-0.5, dtype)

    @tf.function(jit_compile=use_xla)
    def chain(x):
        for _ in range(_PRODUCTS):
            x = tf.matmul(x, factor)
        return tf.reduce_sum(tf.cast(x, tf.float32))

    chain(x).numpy()
    return 2 * size**3 * _PRODUCTS / statistics.median(_timed(chain, x) for _ in range(_ROUNDS))


def _timed(chain, x):
    started = time.monotonic()
    chain(x).numpy()
    return time.monotonic() - started
