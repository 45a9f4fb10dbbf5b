"""Pooler, output layer and loss: hidden states [B, A, H] -> logits [B, C] -> loss."""

import tensorflow as tf

from shared.config import ModelConfig, OptimizerConfig
from train.model import bert, variables


def logits(weights, features, model: ModelConfig, layers):
    """The whole model, ids to scores.

    Args: as bert.encode.
    Returns: float32 [B, C]; C = 1 for a regression task.
    """
    return tf.cast(raw_logits(weights, features, model, layers), tf.float32)


def raw_logits(weights, features, model: ModelConfig, layers):
    """`logits` in layers.dtype."""
    hidden = bert.encode(weights, features, model, layers)
    pooled = layers.dropout(pool(weights, hidden, layers), model.cls_dropout_rate)
    return bert.dense(weights, variables.OUTPUT, pooled, layers)


def pool(weights, hidden, layers):
    """tanh(dense(first token)): [B, A, H] -> [B, H]."""
    # Not hidden[:, 0]: Cerebras' compiler is not known to support the gradient of a slice.
    first = tf.gather(hidden, 0, axis=1)
    return tf.tanh(bert.dense(weights, variables.POOLER, first, layers))


def losses(scores, labels):
    """The loss of every example, float32 [B].

    Args:
      scores: float32 [B, C].
      labels: int32 [B] for cross entropy; float32 [B], C = 1, for the squared error; int32 [B, C],
        0 or 1, for the mean over the classes of the sigmoid's cross entropy: the mean over a batch
        is that of torch.nn.BCEWithLogitsLoss.
    """
    if len(labels.shape) > 1:
        return _sigmoid_losses(scores, tf.cast(labels, tf.float32))
    if labels.dtype.is_floating:
        return tf.square(tf.squeeze(scores, axis=1) - labels)
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=scores)


def training_losses(scores, labels, options: OptimizerConfig, weights=None):
    """What a training minimizes the mean of: `losses`, smoothed and weighted.

    Args:
      scores, labels: as of `losses`.
      options: class_weights is None or has a weight for each class, in the order of the labels.
      weights: of the rows, float32 [B]; None if each counts the same.
    """
    smoothing, of_classes = options.label_smoothing, options.class_weights
    found = _smoothed(scores, labels, smoothing) if smoothing else losses(scores, labels)
    if of_classes is not None:
        found *= tf.gather(tf.constant(list(of_classes.values()), tf.float32), labels)
    return found if weights is None else found * weights


def _sigmoid_losses(scores, targets):
    found = tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=scores)
    return tf.reduce_mean(found, axis=1)


def _smoothed(scores, labels, smoothing):
    """Cross entropy with (1 - smoothing) one_hot(label) + smoothing / C (Szegedy et al. 2016,
    https://arxiv.org/abs/1512.00567); of several labels with (1 - smoothing) label + smoothing / 2,
    as in Keras' BinaryCrossentropy."""
    if len(labels.shape) > 1:
        targets = (1 - smoothing) * tf.cast(labels, tf.float32) + smoothing / 2
        return _sigmoid_losses(scores, targets)
    classes = scores.shape[1]
    rest = smoothing / classes
    target = tf.one_hot(labels, classes, on_value=1 - smoothing + rest, off_value=rest)
    return tf.nn.softmax_cross_entropy_with_logits(labels=target, logits=scores)
