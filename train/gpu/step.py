"""One training step: gradients, their sum over replicas, the update. Runs inside tf.function."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from shared import records
from shared.config import Config, ModelConfig
from train.gpu import update_kernels
from train.gpu.layers import layers_of_device
from train.gpu.replicas import Replicas
from train.gpu.state import State, local_variable
from train.gpu.xla_functions import StepFunction
from train.model import classifier
from train.model.dropout import StatelessDropout
from train.optim import loss_scale, optimizer, schedule

# What the model reads of a batch: {name: TensorSpec}, int32 [B, S].
FEATURES = {name: tf.TensorSpec([None, None], tf.int32) for name in records.TOKEN_FEATURES}
_WEIGHTS = records.WEIGHTS.name
# What a training step reads of one whose rows have weights; weights are float32 [B].
_WEIGHTED_FEATURES = {**FEATURES, _WEIGHTS: tf.TensorSpec([None], tf.float32)}


def model_features(features: dict) -> dict:
    """The features that are in FEATURES."""
    return {name: features[name] for name in FEATURES}


class Report(NamedTuple):
    """What the last step reports: scalar tensors, or numbers once fetched.

    loss: mean over the batch, smoothed and weighted. gradient_norm: before clipping; not finite on
    a skipped step. learning_rate, loss_scale: of that step. skipped_steps: so far.
    skipped_in_a_row: up to it.
    """

    loss: object
    gradient_norm: object
    learning_rate: object
    loss_scale: object
    skipped_steps: object
    skipped_in_a_row: object

    @classmethod
    def zeros(cls):
        """The report before the first step of a loop."""
        return cls(*[tf.constant(0.0)] * 4, *[tf.constant(0, tf.int64)] * 2)


class TrainStep:
    """The step on one replica.

    A step takes train_input.batch_size rows, shared by the replicas, optimizer.grad_accum_steps
    times. Its gradient is the gradient of the mean loss over all of them.
    """

    def __init__(self, params: Config, state: State, dtype, replicas: Replicas):
        """Args: dtype, of the matrix products."""
        self._params, self._state, self._dtype = params, state, dtype
        self._replicas = replicas.count
        self._scaling = loss_scale.scaling(params.optimizer, dtype)
        with replicas.scope():
            self._sums = self._make_sums()
        # A tensor, so that trainings that differ only in their seed share XLA's programs.
        self._seed = tf.constant(params.runconfig.tf_random_seed % 2**30, tf.int64)
        xla = params.runconfig.xla
        more = (_labels(params.model), tf.TensorSpec([], tf.int32))
        self._gradients = StepFunction(self._compute_gradients, (FEATURES, *more), xla)
        self._weighted_gradients = StepFunction(
            self._compute_gradients, (_WEIGHTED_FEATURES, *more), xla
        )
        sums = [tf.TensorSpec(weight.shape) for weight in state.weights.values()]
        self._update = StepFunction(self._compute_update, (sums, tf.TensorSpec([])), xla)

    def scale_can_fall(self, scale: float) -> bool:
        """Whether further overflows would lower the loss scale."""
        return self._scaling in loss_scale.DYNAMIC and scale > self._params.optimizer.min_loss_scale

    def _make_sums(self):
        """Variables that sum gradients and, last, the loss; empty without accumulation."""
        if self._params.optimizer.grad_accum_steps == 1:
            return []
        shapes = [weight.shape for weight in self._state.weights.values()]
        return [local_variable(tf.zeros(shape)) for shape in [*shapes, []]]

    def programs(self) -> int:
        """How many XLA programs have run."""
        functions = (self._gradients, self._weighted_gradients, self._update)
        return sum(function.programs() for function in functions)

    def whole(self, features, labels) -> Report:
        """A step with one part for each replica."""
        return self._finish(self._parts(features, labels, 0))

    def clear(self) -> None:
        """Begins a step with several parts for each replica."""
        for total in self._sums:
            total.assign(tf.zeros_like(total))

    def add(self, features, labels, part) -> None:
        """Adds the gradients of a part; args: part, its number."""
        parts = self._parts(features, labels, part)
        for total, value in zip(self._sums, parts):
            total.assign_add(value)

    def finish(self) -> Report:
        """Ends the step: updates the weights with the sum."""
        return self._finish([tf.convert_to_tensor(total) for total in self._sums])

    def _parts(self, features, labels, part):
        """What _compute_gradients returns."""
        if _WEIGHTS not in features:
            return self._gradients(model_features(features), labels, part)
        features = {name: features[name] for name in _WEIGHTED_FEATURES}
        return self._weighted_gradients(features, labels, part)

    def _finish(self, parts) -> Report:
        replica = tf.distribute.get_replica_context()
        *gradients, loss = replica.all_reduce(tf.distribute.ReduceOp.SUM, list(parts))
        return self._update(gradients, loss)

    def _compute_gradients(self, features, labels, part):
        """[*gradients, loss] of a part, in float32; the batch's are the sum over its parts."""
        params, state = self._params, self._state
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        dropout = StatelessDropout(
            self._seed,
            state.global_step,
            part * self._replicas + replica,
            is_fused=params.runconfig.xla,
        )
        weights = {name: tf.convert_to_tensor(weight) for name, weight in state.weights.items()}
        parts = self._replicas * params.optimizer.grad_accum_steps
        layers, scale = layers_of_device(params.runconfig.xla)(self._dtype, dropout), self._scale()
        with tf.GradientTape() as tape:
            tape.watch(weights)
            scores = classifier.logits(weights, features, params.model, layers)
            losses = classifier.training_losses(
                scores, labels, params.optimizer, features.get(_WEIGHTS)
            )
            loss = tf.reduce_mean(losses) / parts
            scaled = loss if scale is None else loss * scale
        # The embeddings' gradients come as rows; the optimizer updates whole tables.
        gradients = map(tf.convert_to_tensor, tape.gradient(scaled, list(weights.values())))
        return [*(gradient if scale is None else gradient / scale for gradient in gradients), loss]

    def _compute_update(self, gradients, loss) -> Report:
        state = self._state
        norm = tf.linalg.global_norm(_with_joined_vectors(gradients))
        is_finite = tf.math.is_finite(norm)
        rate = self._learning_rate()
        scale = self._scale()
        if self._params.runconfig.xla:
            self._select(is_finite, gradients, norm, rate)
        else:
            tf.cond(is_finite, lambda: self._assign(gradients, norm, rate), lambda: None)
        self._count(is_finite)
        state.global_step.assign_add(1)
        shown = tf.constant(1.0) if scale is None else scale
        skipped = (state.skipped_steps, state.skipped_in_a_row)
        return Report(loss, norm, rate, shown, *map(tf.convert_to_tensor, skipped))

    def _assign(self, gradients, norm, rate) -> None:
        options, state = self._params.optimizer, self._state
        clipped = optimizer.clip(gradients, norm, options)
        update = update_kernels.updating(options, rate, state.global_step)
        for (name, weight), gradient in zip(state.weights.items(), clipped):
            update(weight, state.slots[name], gradient, optimizer.weight_decay(name, options))

    def _select(self, is_finite, gradients, norm, rate) -> None:
        """`_assign` if the gradients are finite, for XLA: it fuses a formula and a selection into
        one kernel, but would wait for the condition of a tf.cond."""
        options, state = self._params.optimizer, self._state
        clipped = optimizer.clip(gradients, norm, options)
        correction = optimizer.bias_correction(options, state.global_step)
        for (name, weight), gradient in zip(state.weights.items(), clipped):
            targets = [weight, *state.slots[name]]
            value, *slots = before = [tf.convert_to_tensor(target) for target in targets]
            decay = optimizer.weight_decay(name, options)
            new, new_slots = optimizer.update(
                value, slots, gradient, rate, options, decay, correction
            )
            for target, old, changed in zip(targets, before, [new, *new_slots]):
                target.assign(tf.where(is_finite, changed, old))

    def _count(self, is_finite) -> None:
        state = self._state
        skipped = tf.cast(tf.logical_not(is_finite), tf.int64)
        state.skipped_steps.assign_add(skipped)
        state.skipped_in_a_row.assign((state.skipped_in_a_row + skipped) * skipped)
        if self._scaling in loss_scale.DYNAMIC:
            before = loss_scale.State(*map(tf.convert_to_tensor, state.loss_scale))
            after = loss_scale.updated(before, is_finite, self._params.optimizer)
            for variable, value in zip(state.loss_scale, after):
                variable.assign(value)

    def _scale(self):
        """The factor that the loss is multiplied by, a float32 scalar; None for 1."""
        if self._scaling in loss_scale.DYNAMIC:
            return tf.convert_to_tensor(self._state.loss_scale.current_loss_scale)
        return None if self._scaling == 1.0 else tf.constant(self._scaling, tf.float32)

    def _learning_rate(self):
        options = self._params.optimizer
        return schedule.learning_rate(
            options.learning_rate, self._state.global_step, not options.disable_lr_steps_reset
        )


def _with_joined_vectors(tensors: list) -> list:
    """The same numbers; all vectors are one, as each tensor costs XLA a kernel or two."""
    vectors = [tensor for tensor in tensors if tensor.shape.rank == 1]
    return [tf.concat(vectors, axis=0), *(x for x in tensors if x.shape.rank != 1)]


def _labels(model: ModelConfig) -> tf.TensorSpec:
    """The labels of a batch; a regression task has one output."""
    if model.multi_label:
        return tf.TensorSpec([None, model.num_cls_classes], tf.int32)
    return tf.TensorSpec([None], tf.float32 if model.num_cls_classes == 1 else tf.int32)


def zero_batches(shapes: list, model: ModelConfig, has_weights: bool = False) -> tf.data.Dataset:
    """Batches of zeros, for steps that run before there is data: one, in the form of
    train/data/input_fn.py, for each of the shapes [(rows, tokens)], in order."""
    sizes = tf.data.Dataset.from_tensor_slices(np.array(shapes, np.int32).reshape(-1, 2))
    labels = _labels(model)

    def batch(size):
        features = {name: tf.zeros(size, spec.dtype) for name, spec in FEATURES.items()}
        if has_weights:
            features[_WEIGHTS] = tf.zeros(size[:1])
        return features, tf.zeros([size[0], *labels.shape[1:]], labels.dtype)

    return sizes.map(batch)
