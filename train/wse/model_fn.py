"""The model function of a tf.estimator: builds a graph from (features, labels, mode, params).

For TensorFlow 2.2 in graph mode, in which Cerebras' estimator works. It computes the same as
train/gpu/step.py, with the operations of the Model Zoo's classifier.
"""

from typing import Callable

import tensorflow as tf

from shared.config import Config
from train.model import classifier, precision, variables
from train.model.initial_weights import STDDEV
from train.model.layers import no_dropout
from train.optim import loss_scale, optimizer, schedule
from train.wse import metrics


class ModeKeys:
    """tf.estimator's ModeKeys, which later versions of TensorFlow lack."""

    TRAIN, EVAL, PREDICT = "train", "eval", "infer"


_INITIALIZERS = {
    "truncated_normal": tf.compat.v1.truncated_normal_initializer(stddev=STDDEV),
    "zeros": tf.compat.v1.zeros_initializer(),
    "ones": tf.compat.v1.ones_initializer(),
}


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
        layers = make_layers(dtype, _dropout if mode == ModeKeys.TRAIN else no_dropout)
        weights = _make_weights(given.model)
        scores = classifier.raw_logits(weights, features, given.model, layers)
        if mode == ModeKeys.PREDICT:
            return make_spec(mode=mode, predictions=scores)
        loss = _mean_loss(scores, labels)
        if mode == ModeKeys.EVAL:
            host_call = (metrics.of_batches, [scores, labels])
            return make_spec(mode=mode, loss=loss, host_call=host_call)
        return make_spec(mode=mode, loss=loss, train_op=_Update(given, dtype, weights).of(loss))

    return model_fn


def _dropout(x, rate):
    return tf.nn.dropout(x, rate) if rate else x


def _make_weights(model):
    """{name: variable} of the default graph."""
    return {
        spec.name: _variable(spec.name, spec.shape, _INITIALIZERS[spec.initial], trainable=True)
        for spec in variables.table(model)
    }


def _variable(name, shape, initializer, dtype=tf.float32, trainable=False):
    return tf.compat.v1.get_variable(
        name, shape, dtype, initializer, trainable=trainable, use_resource=True
    )


def _mean_loss(scores, labels):
    """A scalar in the dtype of the scores, which rounds it as the Model Zoo does."""
    losses = classifier.losses(tf.cast(scores, tf.float32), labels)
    losses = tf.cast(losses, scores.dtype)
    mean = tf.cast(tf.reduce_mean(tf.cast(losses, tf.float32)), scores.dtype)
    loss = tf.reduce_sum(mean)
    tf.compat.v1.summary.scalar("train/cost_cls", tf.cast(loss, tf.float32))
    return loss


class _Update:
    """The second half of a training step: gradients, loss scale, the assignments.

    A step whose gradients are not finite changes no weight and, unlike on gpu, is not counted by
    global_step, as in the Model Zoo.
    """

    def __init__(self, params: Config, dtype, weights):
        self._options, self._weights = params.optimizer, weights
        self._scaling = loss_scale.scaling(params.optimizer, dtype)
        self._global_step = tf.compat.v1.train.get_or_create_global_step()
        # Read once: in a graph, another read could come before or after the increment.
        self._step = tf.convert_to_tensor(self._global_step)
        zeros = _INITIALIZERS["zeros"]
        self._slots = {
            name: [
                _variable(slot, weight.shape, zeros)
                for slot in optimizer.slot_names(name, params.optimizer)
            ]
            for name, weight in weights.items()
        }

    def of(self, loss):
        """The training operation; args: loss, scalar."""
        rate = self._learning_rate()
        if self._scaling not in loss_scale.DYNAMIC:
            gradients = self._gradients(loss, self._scaling)
            return self._apply(gradients, self._norm(gradients), rate)
        scale_variables = self._make_scale()
        before = loss_scale.State(*map(tf.convert_to_tensor, scale_variables))
        gradients = self._gradients(loss, before.current_loss_scale)
        norm = self._norm(gradients)
        is_finite = tf.math.is_finite(norm)
        after = loss_scale.updated(before, is_finite, self._options)
        changes = [variable.assign(value) for variable, value in zip(scale_variables, after)]
        tf.compat.v1.summary.scalar("train/loss_scale", before.current_loss_scale)
        with tf.control_dependencies(changes):
            return tf.cond(is_finite, lambda: self._apply(gradients, norm, rate), tf.no_op)

    def _learning_rate(self):
        options = self._options
        reset_steps = not options.disable_lr_steps_reset
        rate = schedule.learning_rate(options.learning_rate, self._step, reset_steps)
        tf.compat.v1.summary.scalar("train/lr", rate)
        return rate

    def _norm(self, gradients):
        norm = tf.linalg.global_norm(gradients)
        tf.compat.v1.summary.scalar("train/unclipped_grad_norm", norm)
        return norm

    def _make_scale(self) -> loss_scale.State:
        """The variables of a dynamic loss scale."""
        return loss_scale.State(
            *(
                _variable(name, [], tf.compat.v1.constant_initializer(value), value.dtype)
                for name, value in loss_scale.first_state(self._options)._asdict().items()
            )
        )

    def _gradients(self, loss, scale):
        """float32, one for each weight."""
        loss = tf.cast(loss, tf.float32)
        sources = list(self._weights.values())
        if isinstance(scale, float) and scale == 1.0:
            return tf.gradients(loss, sources)
        unscale = 1.0 / scale
        return [gradient * unscale for gradient in tf.gradients(loss * scale, sources)]

    def _apply(self, gradients, norm, rate):
        clipped = optimizer.clip(gradients, norm, self._options)
        changes = [
            change
            for (name, weight), gradient in zip(self._weights.items(), clipped)
            for change in self._assignments(name, weight, gradient, rate)
        ]
        with tf.control_dependencies(changes):
            return tf.group(self._global_step.assign_add(1))

    def _assignments(self, name, weight, gradient, rate):
        targets = [weight, *self._slots[name]]
        value, *slots = map(tf.convert_to_tensor, targets)
        decay = optimizer.weight_decay(name, self._options)
        new_value, new_slots = optimizer.update(
            value, slots, gradient, rate, self._options, decay, self._step
        )
        return [variable.assign(new) for variable, new in zip(targets, [new_value, *new_slots])]
