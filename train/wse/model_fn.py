"""The model function of a tf.estimator: builds a graph from (features, labels, mode, params).

For TensorFlow 2.2 in graph mode, in which Cerebras' estimator works. It computes the same as
train/gpu/step.py, with the operations of the Model Zoo's classifier.
"""

from typing import Callable

import tensorflow as tf

from shared.config import Config
from train.model import classifier, precision, variables
from train.model.layers import no_dropout
from train.wse import graph_variables, metrics
from train.wse.update import Update


class ModeKeys:
    """tf.estimator's ModeKeys, which later versions of TensorFlow lack."""

    TRAIN, EVAL, PREDICT = "train", "eval", "infer"


def make(given: Config, make_layers: Callable, make_spec: Callable) -> Callable:
    """The model function.

    Args:
      given: the configuration, nothing unset; model.mixed_precision is false or float16.
      make_layers: a class such as train.wse.layers.WseLayers.
      make_spec: a class such as CSEstimatorSpec; takes EstimatorSpec's arguments and host_call.
    """

    def model_fn(features, labels, mode, params):
        del params  # they come back through Cerebras' software; `given` is the original
        dtype = precision.compute_dtype(given.model.mixed_precision)
        # With a rate of 0, too, it has its operations.
        layers = make_layers(dtype, tf.nn.dropout if mode == ModeKeys.TRAIN else no_dropout)
        weights = _make_weights(given.model)
        scores = classifier.raw_logits(weights, features, given.model, layers)
        if mode == ModeKeys.PREDICT:
            return make_spec(mode=mode, predictions=scores)
        loss = _mean_loss(scores, labels)
        if mode == ModeKeys.EVAL:
            host_call = (metrics.of_batches, [scores, labels])
            return make_spec(mode=mode, loss=loss, host_call=host_call)
        return make_spec(mode=mode, loss=loss, train_op=Update(given, dtype, weights).of(loss))

    return model_fn


def _make_weights(model):
    """{name: variable} of the default graph."""
    return {spec.name: graph_variables.weight(spec) for spec in variables.table(model)}


def _mean_loss(scores, labels):
    """A scalar in the dtype of the scores, which rounds it as the Model Zoo does."""
    losses = classifier.losses(tf.cast(scores, tf.float32), labels)
    losses = tf.cast(losses, scores.dtype)
    mean = tf.cast(tf.reduce_mean(tf.cast(losses, tf.float32)), scores.dtype)
    loss = tf.reduce_sum(mean)
    tf.compat.v1.summary.scalar("train/cost_cls", tf.cast(loss, tf.float32))
    return loss
