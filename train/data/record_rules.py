"""Features of batches and the rules they keep, in TensorFlow's operations, for input pipelines."""

import re
from typing import Dict, Optional

import tensorflow as tf

from shared import records

_BROKEN = "rule broken: "
# A cast of "is padding" and of "is b" gives them.
assert (records.TOKEN, records.PADDING) == (records.SEGMENT_A, records.SEGMENT_B) == (0, 1)
assert records.SEGMENT_PADDING == records.SEGMENT_A


def features(ids, lengths, b_starts, width):
    """The features of a batch, {name: int32 [B, width]}; as shared/records.mask_and_segments.

    Args: ids, integer [B, width or more]; lengths, int32 [B, 1], tokens; b_starts, int32 [B, 1],
      the first position of b, equal to lengths where there is none, or None where no row has any;
      width, integer scalar.
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
    """The tensor; reading it is an InvalidArgumentError where a rule is broken.

    Args: rules, {what: bool tensor of any shape}, such as {"labels from 0 to 1": ...}.
    """
    checks = [
        tf.debugging.Assert(tf.reduce_all(holds), [_BROKEN + what]) for what, holds in rules.items()
    ]
    with tf.control_dependencies(checks):
        return tf.identity(tensor)


def broken(message: str) -> Optional[str]:
    """The rule that the error of `checked` is about; None for other errors' messages."""
    match = re.search(re.escape(_BROKEN) + r"([^\]]*)", message)
    return match.group(1) if match else None
