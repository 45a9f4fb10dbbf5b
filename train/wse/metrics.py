"""Metrics that a graph accumulates batch by batch, as in a tf.estimator's EVAL mode.

gpu and cpu compute theirs from all predictions at once; see train/scoring/metrics.py.
"""

import tensorflow as tf

# (the Model Zoo's name, ours), in the order in which they are shown.
OURS = (
    ("eval/accuracy_cls", "accuracy"),
    ("eval/f1_score", "f1"),
    ("eval/mcc", "matthews_correlation"),
    ("loss", "loss"),
)


def of_batches(scores, labels):
    """The host_call of the Model Zoo's classifier.

    Args: scores, [B, C]; labels, int32 [B].
    Returns:
      {name: (value, the operation that adds a batch)}: accuracy; for two classes also F1 of class 1
      and Matthews' correlation, both 0 where they are undefined.
    """
    predictions = tf.argmax(scores, axis=-1, output_type=tf.int32)
    found = {"eval/accuracy_cls": tf.compat.v1.metrics.accuracy(labels, predictions)}
    if scores.shape[1] == 2:
        counts, add = _confusion(labels, predictions)
        found["eval/f1_score"] = (_f1(counts), add)
        found["eval/mcc"] = (_matthews(counts), add)
    return found


def _confusion(labels, predictions):
    """(counts of [label, prediction], float32 [2, 2], the operation that adds a batch)."""
    counts = tf.compat.v1.get_variable(
        "confusion",
        [2, 2],
        initializer=tf.compat.v1.zeros_initializer(),
        trainable=False,
        use_resource=True,
        collections=[tf.compat.v1.GraphKeys.LOCAL_VARIABLES],
    )
    batch = tf.math.confusion_matrix(labels, predictions, num_classes=2, dtype=tf.float32)
    return tf.convert_to_tensor(counts), counts.assign_add(batch)


def _f1(counts):
    """2 TP / (2 TP + FP + FN)."""
    hits = 2.0 * counts[1, 1]
    return tf.math.divide_no_nan(hits, hits + counts[0, 1] + counts[1, 0])


def _matthews(counts):
    """(TP TN - FP FN) / sqrt((TP + FP) (TP + FN) (TN + FP) (TN + FN))."""
    tn, fp, fn, tp = counts[0, 0], counts[0, 1], counts[1, 0], counts[1, 1]
    size = tf.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    return tf.math.divide_no_nan(tp * tn - fp * fn, size)
