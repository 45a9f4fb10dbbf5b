"""Everything that a training changes: weights, slots, counters; and its names in checkpoints."""

from typing import Optional

import numpy as np
import tensorflow as tf

from shared.config import Config, ModelConfig, OptimizerConfig
from shared.errors import UserError
from train.checkpoints import tensors as checkpoint
from train.model import initial_weights, variables
from train.optim import loss_scale, optimizer

_SKIPPED_STEPS = "skipped_steps"
# Completes a sentence about a name that `first_ruined` found.
NOT_USABLE = "has values that are NaN, infinite or far too large"


class State:
    """The variables of one training. With several replicas each has its own copy; all make the
    same updates, so the copies stay equal, and the first one is saved.

    Attributes:
      weights: {name: variable}, train/model/variables.py.
      slots: {name: [variables]}, train/optim/optimizer.py.
      global_step: int64, steps taken, including skipped ones.
      skipped_steps: int64, steps whose gradients were not finite.
      skipped_in_a_row: int64, skipped since the last step that was not; not saved.
      loss_scale: loss_scale.State of variables.
    """

    def __init__(self, params: Config, values: dict):
        """Args: values, {name in a checkpoint: array}; everything else starts fresh."""
        self._options = params.optimizer
        self.weights = initial_weights.create(
            params.model, params.runconfig.tf_random_seed, values, local_variable
        )
        self.slots = {
            name: [
                self._slot(name, slot_name, values)
                for slot_name in optimizer.slot_names(name, self._options)
            ]
            for name in self.weights
        }
        self.global_step = _counter(values, checkpoint.GLOBAL_STEP)
        self.skipped_steps = _counter(values, _SKIPPED_STEPS)
        self.skipped_in_a_row = local_variable(np.int64(0))
        first = loss_scale.first_state(self._options)
        self.loss_scale = loss_scale.State(
            *(local_variable(values.get(name, first)) for name, first in first._asdict().items())
        )

    def step(self) -> int:
        return int(self.global_step.numpy())

    def restore(self, values: dict) -> None:
        """Replaces the weights; args: values, {name: array}, all of them."""
        for name, variable in self.weights.items():
            variable.assign(values[name])
        self.global_step.assign(values[checkpoint.GLOBAL_STEP])

    def tensors(self) -> dict:
        """{name in a checkpoint: tensor}, everything that tf.estimator expects."""
        saved = {
            checkpoint.GLOBAL_STEP: self.global_step,
            _SKIPPED_STEPS: self.skipped_steps,
            **self.loss_scale._asdict(),
            **self._trained(),
        }
        tensors = {name: tf.convert_to_tensor(variable) for name, variable in saved.items()}
        for name, value in optimizer.powers(self._options, self.step()).items():
            tensors[name] = tf.constant(value, tf.float32)
        return tensors

    def ruined(self) -> Optional[str]:
        """What `first_ruined` finds among weights and slots."""
        return first_ruined(self._trained())

    def _trained(self):
        """{name in a checkpoint: variable} of weights and slots."""
        trained = dict(self.weights)
        for name, slots in self.slots.items():
            trained.update(zip(optimizer.slot_names(name, self._options), slots))
        return trained

    def _slot(self, name, slot_name, values):
        saved = values.get(slot_name)
        return local_variable(tf.zeros_like(self.weights[name]) if saved is None else saved)


def first_ruined(values: dict) -> Optional[str]:
    """The first name of which a value is NaN or infinite, or so large that the sum of their squares
    is infinite: no step can train on from there. None if there is no such name.

    Args: values, {name: float32 array, tensor or variable}.
    """
    norms = [tf.nn.l2_loss(tf.convert_to_tensor(value)) for value in values.values()]
    are_finite = tf.math.is_finite(tf.stack(norms)).numpy()
    return next((name for name, is_finite in zip(values, are_finite) if not is_finite), None)


def read_checkpoint(path: str, model: ModelConfig, options: OptimizerConfig) -> dict:
    """What a training resumes from: {name: array} of weights, slots, global step and the rest.

    Raises:
      checkpoint.DamagedError: it cannot be read, or is of a training that had diverged.
      UserError: it lacks variables, or has some of another shape; all are listed. Or it is of a
        training with another optimizer.
    """
    trained = {}
    for spec in variables.table(model):
        for name in (spec.name, *optimizer.slot_names(spec.name, options)):
            trained[name] = spec.shape
    shapes = {checkpoint.GLOBAL_STEP: (), **trained}
    _check_slots(path, model, options)
    optional = (_SKIPPED_STEPS, *loss_scale.State._fields)
    values = _checked(path, checkpoint.read(path, shapes, optional), shapes)
    ruined = first_ruined({name: values[name] for name in trained})
    if ruined:
        raise checkpoint.DamagedError(
            f"the training had diverged at the checkpoint {path}: {ruined} {NOT_USABLE}"
        )
    return values


def _check_slots(path: str, model: ModelConfig, options: OptimizerConfig) -> None:
    """Checks that the checkpoint, if it has the weights, has the optimizer's slots, too."""
    name = variables.table(model)[0].name
    there = [
        kind
        for kind, slots in optimizer.SLOTS.items()
        if not checkpoint.lacking(path, [name, *(f"{name}/{slot}" for slot in slots)])
    ]
    if there and options.optimizer_type not in there:
        raise UserError(
            f"the checkpoint {path} was trained with optimizer.optimizer_type {there[0]}; the "
            f"configuration has {options.optimizer_type}, which cannot go on from it. Set it to "
            f"{there[0]}, or start a new training from these weights: CHECKPOINT={path} and "
            "another MODEL_DIR"
        )


def read_weights(path: str, model: ModelConfig) -> dict:
    """What an evaluation needs: {name: array} of weights and global step; raises the same."""
    shapes = {spec.name: spec.shape for spec in variables.table(model)}
    shapes[checkpoint.GLOBAL_STEP] = ()
    return _checked(path, checkpoint.read(path, shapes), shapes)


def _checked(path: str, values: dict, shapes: dict) -> dict:
    faults = [
        f"  {name}: shape {values[name].shape}, the run has {shape}"
        for name, shape in shapes.items()
        if values[name].shape != shape
    ]
    if faults:
        raise UserError(
            f"the checkpoint {path} is from another model:\n" + "\n".join(faults) + "\n"
            "Use the configuration it was trained with, or another MODEL_DIR."
        )
    return values


def _counter(values, name):
    return local_variable(np.int64(values.get(name, 0)))


def local_variable(value, name=None):
    """A variable with a separate copy on each replica."""
    return tf.Variable(
        value,
        name=name,
        trainable=False,  # GradientTape is told which tensors to watch
        synchronization=tf.VariableSynchronization.ON_READ,
        aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
    )
