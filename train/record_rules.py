"""Rules that batches keep, in TensorFlow's operations, for inside the input pipeline."""

import re
from typing import Dict, Optional

import tensorflow as tf

_BROKEN = "rule broken: "


def tokens_and_b(lengths, b_starts, width):
    """Which positions hold tokens, and which of these b; as shared/records.mask_and_segments.

    Args: lengths, b_starts, int32 [B]; width, integer scalar.
    Returns: two bool tensors [B, width].
    """
    position = tf.range(width)[tf.newaxis, :]
    is_token = position < lengths[:, tf.newaxis]
    return is_token, tf.logical_and(is_token, position >= b_starts[:, tf.newaxis])


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
