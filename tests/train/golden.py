"""The golden numbers of the Model Zoo and of Hugging Face, as tests take them."""

import numpy as np
import tensorflow as tf

from tests.inputs import GOLDEN
from train.checkpoints import tensors
from train.model import variables

FEATURES = ("input_ids", "input_mask", "segment_ids")


def golden(path):
    return dict(np.load(GOLDEN / path))


def modelzoo_weights(model):
    names = [spec.name for spec in variables.table(model)]
    return tensors.read(str(GOLDEN / "modelzoo" / "classifier.ckpt"), names)


def modelzoo_batches(*_):
    """An input function: the golden batch again and again."""
    expected = golden("modelzoo/expected.npz")
    features = {name: expected[name] for name in FEATURES}
    return tf.data.Dataset.from_tensors((features, expected["labels"])).repeat()
