"""Features of batches and the rules they keep, in TensorFlow's operations, for input pipelines."""

import re
from typing import Dict, Optional

import tensorflow as tf

from shared import records

_BROKEN = "rule broken: "


def tokens_and_b(lengths, b_starts, width):
    """Which positions hold tokens, and which of these b; as shared/records.mask_and_segments.

    Args: lengths, b_starts, int32 [B]; width, integer scalar.
    Returns: two bool tensors [B, width].
    """
    position = tf.range(width)[tf.newaxis, :]
    is_token = position < lengths[:, tf.newaxis]
    return is_token, tf.logical_and(is_token, position >= b_starts[:, tf.newaxis])


def features(ids, lengths, b_starts, width):
    """The features of a batch, {name: int32 [B, width]}.

    Args: ids, integer [B, width]; lengths, b_starts and width, see tokens_and_b.
    """
    is_token, is_b = tokens_and_b(lengths, b_starts, width)
    return {
        "input_ids": tf.cast(ids, tf.int32),
        "input_mask": tf.where(is_token, records.TOKEN, records.PADDING),
        "segment_ids": tf.where(is_b, records.SEGMENT_B, records.SEGMENT_A),
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
