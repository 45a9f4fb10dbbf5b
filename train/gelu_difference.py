"""How much the two forms of gelu differ in a model's answers."""

import dataclasses

import tensorflow as tf

from shared.manifest import Manifest
from shared.tasks import TRAIN
from train import checkpoint, classifier, static_input_fn, variables, weights
from train.layers import Layers
from train.plan import Plan


def of_logits(todo: Plan, section: str, found: Manifest):
    """The largest difference between the logits of a batch with the erf and the tanh form.

    In float32, on the first batch of the data, with what the plan starts from; a new output layer
    has its random values.

    Returns: (the largest difference, the largest absolute logit), floats.
    """
    split = TRAIN if section == "train_input" else todo.splits[0]
    options = getattr(todo.params, section)
    batches = static_input_fn.scored_batches(options, split, found)
    features, _ = next(iter(batches))
    values = _weights(todo)
    erf, tanh = (_logits(todo, values, features, form) for form in ("gelu_erf", "gelu"))
    return float(tf.reduce_max(tf.abs(erf - tanh))), float(tf.reduce_max(tf.abs(erf)))


def _weights(todo):
    values = todo.weights
    if todo.checkpoints:
        names = [spec.name for spec in variables.table(todo.params.model)]
        _, values = checkpoint.read_newest(
            todo.checkpoints, lambda path: checkpoint.read(path, names)
        )
    return weights.create(todo.params.model, todo.params.runconfig.tf_random_seed, values)


def _logits(todo, values, features, form):
    model = dataclasses.replace(todo.params.model, encoder_nonlinearity=form)
    return classifier.logits(values, features, model, Layers(tf.float32))
