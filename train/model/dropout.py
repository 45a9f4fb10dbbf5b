"""Stateless dropout: which values are dropped depends only on the seed, the step and the place."""

import tensorflow as tf

_PRIME = 1000003  # keeps the streams of neighbouring seeds apart
_VALUES = 2**16  # a rate is rounded to a multiple of 1 / this
_PLACES = 1009  # more than any model has dropouts; keeps the parts of a step apart


class StatelessDropout:
    """Call it in the same order in every step; a new object is needed for each step.

    dropout = StatelessDropout(seed=1, step=global_step)
    x = dropout(x, rate=0.1)  # place 0 of this step
    y = dropout(y, rate=0.1)  # place 1
    """

    def __init__(self, seed, step, part=0):
        """Args:
        seed: int, or int64 scalar tensor.
        step: integer scalar tensor.
        part: integer scalar, which part of the step's batch this is, if devices share it or
          gradients are accumulated.
        """
        self._seed = seed
        self._step = tf.cast(step, tf.int32)
        self._part = part
        self._place = 0

    def __call__(self, x, rate):
        """x with a share `rate` of its values set to 0 and the others scaled by 1 / (1 - rate)."""
        place, self._place = self._place, self._place + 1
        if rate == 0.0:
            return x
        stream = tf.cast((self._seed * _PRIME + place) % 2**30, tf.int32) + self._part * _PLACES
        dropped = min(round(rate * _VALUES), _VALUES - 1)
        kept = _random_uint16(tf.shape(x), [stream, self._step]) >= tf.constant(dropped, tf.uint16)
        scale = tf.constant(_VALUES / (_VALUES - dropped), x.dtype)
        return x * tf.where(kept, scale, tf.zeros([], x.dtype))


def _random_uint16(shape, seed):
    """Two values from every 32 random bits; drawing them is most of the cost of dropout."""
    size = tf.reduce_prod(shape)
    pairs = tf.random.stateless_uniform(
        [(size + 1) // 2], seed=seed, minval=None, maxval=None, dtype=tf.uint32
    )
    return tf.reshape(tf.reshape(tf.bitcast(pairs, tf.uint16), [-1])[:size], shape)
