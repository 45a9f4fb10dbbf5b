"""Creates the variables of train/model/variables.py with their initial values."""

import tensorflow as tf

from shared.config import ModelConfig
from train.model import variables

STDDEV = 0.02  # of the truncated normal distribution for BERT's kernels and embeddings


def create(model: ModelConfig, seed: int, values, make=tf.Variable):
    """{name: float32 tf.Variable}.

    Args:
      seed: of the random values. Every variable has its own stream, so its value does not depend
        on the other variables.
      values: {name: array}, for the variables that start from given values.
      make: makes a variable from a value; takes `name`.
    """
    return {
        spec.name: make(_first_value(spec, (seed, index), values), name=spec.name)
        for index, spec in enumerate(variables.table(model))
    }


def _first_value(spec, seed, values):
    if spec.name in values:
        return values[spec.name]
    if spec.initial == "zeros":
        return tf.zeros(spec.shape)
    if spec.initial == "ones":
        return tf.ones(spec.shape)
    return tf.random.stateless_truncated_normal(spec.shape, seed, stddev=STDDEV)
