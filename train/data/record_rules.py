"""The features of batches and their rules, as TensorFlow operations for input pipelines."""

import re
from typing import Dict, Optional

import tensorflow as tf

from shared import records

BROKEN = "rule broken: "
# They are casts of "is padding" and "is b".
assert (records.TOKEN, records.PADDING) == (records.SEGMENT_A, records.SEGMENT_B) == (0, 1)
assert records.SEGMENT_PADDING == records.SEGMENT_A


def features(ids, lengths, b_starts, width):
    """The features of a batch, {name: int32 [B, width]}; as shared/records.mask_and_segments.

    Args: ids, integer [B, width or more]; lengths, int32 [B, 1], tokens; b_starts, int32 [B, 1],
      the first position of b, equal to lengths without one, or None if no row has one; width,
      integer scalar.
    """
    ids = tf.cast(ids[:, :width], tf.int32)
    position = tf.range(tf.cast(width, tf.int32))
    is_padding = position >= lengths
    if b_starts is None:
        segments = tf.zeros_like(ids)
    else:  # from the start of b on, all is b or padding
        is_b = tf.not_equal(position >= b_starts, is_padding)
        segments = tf.cast(is_b, tf.int32)
    return {
        "input_ids": ids,
        "input_mask": tf.cast(is_padding, tf.int32),
        "segment_ids": segments,
    }


def checked(tensor, rules: Dict[str, tf.Tensor]):
    """The tensor; evaluating it raises InvalidArgumentError if a rule is broken.

    Args: rules, {what: bool tensor of any shape}, such as {"labels from 0 to 1": ...}.
    """
    checks = [
        tf.debugging.Assert(tf.reduce_all(holds), [BROKEN + what]) for what, holds in rules.items()
    ]
    with tf.control_dependencies(checks):
        return tf.identity(tensor)


def broken(message: str) -> Optional[str]:
    """The rule in an error message of `checked`; None for the messages of other errors."""
    match = re.search(re.escape(BROKEN) + r"([^\]\n]*)", message)
    return match.group(1) if match else None
