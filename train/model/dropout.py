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

    def __init__(self, seed, step, part=0, is_fused=False):
        """Args:
        seed: int, or int64 scalar tensor.
        step: integer scalar tensor.
        part: integer scalar, which part of the step's batch this is, if devices share it or
          gradients are accumulated.
        is_fused: whether XLA compiles it. Then random bits are a hash of each value's index,
          computed where they are used. XLA turns TensorFlow's generator into 200 operations for
          each use: 82 % of a step of BERT-base, and most of its compile time.
        """
        self._is_fused = is_fused
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
        random = _hashed_uint16 if self._is_fused else _random_uint16
        kept = random(tf.shape(x), [stream, self._step]) >= tf.constant(dropped, tf.uint16)
        scale = tf.constant(_VALUES / (_VALUES - dropped), x.dtype)
        return x * tf.where(kept, scale, tf.zeros([], x.dtype))


def _hashed_uint16(shape, seed):
    """The halves of a hash of each pair of indices, the stream and the step: 2 i is the lower one.

    A thread of XLA's writes four values at once and computes two hashes for them.
    """
    stream, step = (_mixed(tf.cast(number, tf.uint32)) for number in seed)
    key = _mixed(tf.bitwise.bitwise_xor(stream, step))  # two streams may overlap, not their keys
    index = tf.cast(tf.range(tf.reduce_prod(shape)), tf.uint32)
    pair = tf.bitwise.right_shift(index, _uint32(1))
    values = _mixed(tf.bitwise.bitwise_xor(_mixed(pair + stream), key))
    half = tf.bitwise.right_shift(values, index % _uint32(2) * _uint32(16))
    return tf.reshape(tf.cast(half, tf.uint16), shape)


def _mixed(x):
    """The finalizer of MurmurHash3 (Appleby 2011): a bit of x changes half of the result's bits."""
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        x = _folded(x, shift) * _uint32(factor)
    return _folded(x, 16)


def _folded(x, shift):
    return tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, _uint32(shift)))


def _uint32(value):
    return tf.constant(value, tf.uint32)


def _random_uint16(shape, seed):
    """Two values from every 32 random bits; drawing them is most of the cost of dropout."""
    size = tf.reduce_prod(shape)
    pairs = tf.random.stateless_uniform(
        [(size + 1) // 2], seed=seed, minval=None, maxval=None, dtype=tf.uint32
    )
    return tf.reshape(tf.reshape(tf.bitcast(pairs, tf.uint16), [-1])[:size], shape)
