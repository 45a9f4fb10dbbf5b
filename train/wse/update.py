"""The second half of a training step on wse: gradients, loss scale, the assignments.

A step whose gradients are not finite changes no weight and, unlike on gpu, is not counted by
global_step, as in the Model Zoo.
"""

import numpy as np
import tensorflow as tf

from shared.config import Config
from train.optim import loss_scale, optimizer
from train.wse import graph_variables, schedule
from train.wse import loss_scale as assigned_loss_scale


class Update:
    """The update of one graph, with its variables.

    Of a variable and its slots each is read where the Model Zoo's graph reads it: the inputs of the
    branch that assigns come in the order of their first use.
    """

    def __init__(self, params: Config, dtype, weights):
        """Args: dtype, of the matrix products; weights, {name: variable}."""
        self._options, self._weights = params.optimizer, weights
        self._scaling = loss_scale.scaling(params.optimizer, dtype)
        self._global_step = tf.compat.v1.train.get_or_create_global_step()
        self._slots = {
            name: [
                graph_variables.slot(slot, weight.shape)
                for slot in optimizer.slot_names(name, params.optimizer)
            ]
            for name, weight in weights.items()
        }
        self._powers = {
            name: graph_variables.scalar(name, np.float32(value))
            for name, value in optimizer.powers(params.optimizer, 0).items()
        }

    def of(self, loss):
        """The training operation; args: loss, scalar."""
        rate = self._learning_rate()
        if self._scaling not in loss_scale.DYNAMIC:
            gradients = self._gradients(loss, self._scaling)
            return self._apply(self._clipped(gradients, self._norm(gradients)), rate)
        state = self._make_scale()
        scale = tf.convert_to_tensor(state.current_loss_scale)
        tf.compat.v1.summary.scalar("train/loss_scale", scale)
        gradients = self._gradients(loss, scale)
        norm = self._norm(gradients)
        clipped, is_finite = self._clipped(gradients, norm), tf.math.is_finite(norm)
        changed = assigned_loss_scale.updated(state, is_finite, self._options)
        applied = tf.cond(is_finite, lambda: self._apply(clipped, rate), tf.no_op)
        return tf.group(applied, *changed)

    def _learning_rate(self):
        options = self._options
        reset_steps = not options.disable_lr_steps_reset
        rate = schedule.learning_rate(options.learning_rate, self._global_step, reset_steps)
        tf.compat.v1.summary.scalar("train/lr", rate)
        return rate

    def _make_scale(self) -> loss_scale.State:
        """The variables of a dynamic loss scale."""
        first = loss_scale.first_state(self._options)
        return loss_scale.State(
            *(graph_variables.scalar(name, value) for name, value in first._asdict().items())
        )

    def _gradients(self, loss, scale):
        """float32, one for each weight."""
        loss = tf.cast(loss, tf.float32)
        sources = list(self._weights.values())
        if isinstance(scale, float) and scale == 1.0:
            return tf.gradients(loss, sources)
        unscale = 1.0 / scale
        return [gradient * unscale for gradient in tf.gradients(loss * scale, sources)]

    def _norm(self, gradients):
        norm = tf.linalg.global_norm(gradients)
        tf.compat.v1.summary.scalar("train/unclipped_grad_norm", norm)
        return norm

    def _clipped(self, gradients, norm):
        return optimizer.clip(gradients, norm, self._options)

    def _apply(self, gradients, rate):
        correction = optimizer.correction(**self._powers) if self._powers else None
        with tf.name_scope("update"):
            changes = [
                change
                for (name, weight), gradient in zip(self._weights.items(), gradients)
                for change in self._assignments(name, weight, gradient, rate, correction)
            ]
        with tf.control_dependencies(changes):
            return tf.group(self._global_step.assign_add(1), *self._next_powers())

    def _assignments(self, name, weight, gradient, rate, correction):
        slots = self._slots[name]
        decay = optimizer.weight_decay(name, self._options)
        new_weight, new_slots = optimizer.update(
            tf.convert_to_tensor(weight), slots, gradient, rate, self._options, decay, correction
        )
        return [
            variable.assign(new)
            for variable, new in zip([weight, *slots], [new_weight, *new_slots])
        ]

    def _next_powers(self):
        betas = {"beta1_power": self._options.beta1, "beta2_power": self._options.beta2}
        return [power.assign(power * betas[name]) for name, power in self._powers.items()]
