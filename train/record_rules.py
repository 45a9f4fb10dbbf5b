"""Rules that batches keep, checked inside the input pipeline."""

from typing import Dict

import tensorflow as tf

BROKEN = "breaks its rule"  # how train/tensorflow_errors.py knows such an error


def checked(tensor, rules: Dict[str, tf.Tensor]):
    """The tensor; reading it is an InvalidArgumentError where a rule is broken.

    Args: rules, {what: bool tensor of any shape}, such as {"labels from 0 to 1": ...}.
    """
    checks = [
        tf.debugging.Assert(tf.reduce_all(holds), [f"{what}: a batch {BROKEN}"])
        for what, holds in rules.items()
    ]
    with tf.control_dependencies(checks):
        return tf.identity(tensor)
