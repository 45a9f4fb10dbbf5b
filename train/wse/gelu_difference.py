"""How much the two forms of gelu change a model's logits."""

import dataclasses

import numpy as np
import tensorflow as tf

from shared.config.input_sections import TRAIN_INPUT
from shared.manifest import Manifest
from shared.tasks import TRAIN_SPLIT
from train.checkpoints import tensors
from train.model import classifier, initial_weights, variables
from train.model.layers import Layers
from train.planning.plan import Plan
from train.wse import input_fn


def of_logits(plan: Plan, section: str, manifest: Manifest):
    """The largest difference between the logits of a batch with the erf and the tanh form.

    In float32, on the first batch of the data, with the weights that the plan starts from; a new
    output layer has its random values.

    Returns: (the largest difference, the largest absolute logit), floats.
    """
    split = TRAIN_SPLIT if section == TRAIN_INPUT else plan.splits[0]
    # In a graph: eager execution may be off in Cerebras' container.
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        batches = input_fn.batches_to_score(plan.params, section, split, manifest)
        iterator = tf.compat.v1.data.make_initializable_iterator(batches)
        features, _ = iterator.get_next()
        fed, values = _weights(plan)
        forms = [_logits(plan, values, features, form) for form in ("gelu_erf", "gelu")]
        session.run(iterator.initializer)
        erf, tanh = session.run(forms, fed)
    return float(np.abs(erf - tanh).max()), float(np.abs(erf).max())


def _weights(plan):
    """({placeholder: array} of the weights that the plan starts from, {name: tensor} of all)."""
    model, arrays = plan.params.model, plan.source.read() if plan.source else {}
    if plan.checkpoints:
        names = [spec.name for spec in variables.table(model)]
        _, arrays = tensors.read_newest(plan.model_dir, lambda path: tensors.read(path, names))
    known = {name: tf.compat.v1.placeholder(tf.float32, a.shape) for name, a in arrays.items()}
    seed = plan.params.runconfig.tf_random_seed
    values = initial_weights.create(model, seed, known, make=lambda value, name: value)
    return {known[name]: array for name, array in arrays.items()}, values


def _logits(plan, values, features, form):
    model = dataclasses.replace(plan.params.model, encoder_nonlinearity=form)
    return classifier.logits(values, features, model, Layers(tf.float32))
