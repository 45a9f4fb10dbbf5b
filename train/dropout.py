"""Dropout without state: what falls out depends on the seed, the step and the place alone."""

import tensorflow as tf

_PRIME = 1000003  # keeps the streams of neighbouring seeds apart
_PLACES = 1009  # more than the dropouts of any model; keeps the parts of a step apart


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
        part: integer scalar, which part of the step's batch this is, where devices share it or
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
        uniform = tf.random.stateless_uniform(tf.shape(x), seed=[stream, self._step])
        kept = tf.cast(uniform >= rate, x.dtype)
        return x * kept * tf.cast(1.0 / (1.0 - rate), x.dtype)
