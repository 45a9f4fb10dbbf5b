"""What the Model Zoo's program imports besides TensorFlow, as far as its classifier uses it.

tensorflow_datasets here only reads rows.json, so its processors tokenize the very sentences that
our records are made of. Its pretraining data, which the classifier does not touch, would need more
packages.
"""

import json
import os
import sys
import types

import tensorflow as tf

_PRETRAINING_DATA = "modelzoo.transformers.tf.bert.data"


def provide(checkout: str) -> None:
    """Makes the packages of a checkout importable; args: checkout, the folder of `modelzoo`."""
    sys.path.insert(0, checkout)
    sys.modules["tensorflow_datasets"] = _module("tensorflow_datasets", load=_load)
    unused = {"train_input_fn": None, "eval_input_fn": None}
    sys.modules[_PRETRAINING_DATA] = _module(_PRETRAINING_DATA, **unused)


def _module(name, **content):
    module = types.ModuleType(name)
    vars(module).update(content)
    return module


def _load(name, data_dir, **_):
    """{split: dataset of {"sentence", "label"}}, as tfds.load("glue/sst2", data_dir=...)."""
    assert name == "glue/sst2"
    with open(os.path.join(data_dir, "rows.json"), encoding="utf-8") as file:
        splits = json.load(file)
    return {
        split: tf.data.Dataset.from_tensor_slices(
            {"sentence": [text for text, _ in rows], "label": [label for _, label in rows]}
        )
        for split, rows in splits.items()
    }
