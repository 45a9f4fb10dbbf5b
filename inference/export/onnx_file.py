"""model.onnx: ids in, logits out, under the names that BERTs of transformers have there."""

import json
import logging
import os

import numpy as np
import onnx
import onnxruntime
import tensorflow as tf
import tf2onnx

from inference import batches
from inference.classifier import Classifier
from inference.export import text_files
from inference.text_reader import TextReader
from preprocess.encoding.encode import Tokens
from shared import quiet, records
from train.model import classifier
from train.model.layers import Layers

OPSET = 17  # of January 2022; every onnxruntime from 1.11 on reads it
FILE = "model.onnx"
FORM, READER = f"{FILE} (opset {OPSET})", "onnxruntime"
_AXES = ("batch", "length")
_OUTPUT = "logits"
# {input: the feature of a record it is made of}; attention_mask is 1 where input_mask is 0.
_INPUTS = {
    "input_ids": "input_ids",
    "attention_mask": "input_mask",
    "token_type_ids": "segment_ids",
}


def write(target: str, model: Classifier) -> None:
    """Writes model.onnx, and beside it how text becomes ids."""
    with quiet.log_records(logging.WARNING), quiet.native_stderr():
        proto, _ = tf2onnx.convert.from_function(_function(model), _specs(), opset=OPSET)
    for value in proto.graph.input:
        for dimension, name in zip(value.type.tensor_type.shape.dim, _AXES, strict=True):
            dimension.dim_param = name
    proto.graph.output[0].type.tensor_type.shape.dim[0].dim_param = _AXES[0]
    if model.folder.label_names is not None:
        names = dict(enumerate(model.folder.label_names))
        onnx.helper.set_model_props(proto, {"id2label": json.dumps(names)})
    onnx.save(proto, os.path.join(target, FILE))
    text_files.write(target, model.folder)


def _specs() -> list:
    return [tf.TensorSpec([None, None], tf.int64, name) for name in _INPUTS]


def _function(model: Classifier):
    @tf.function(input_signature=_specs(), autograph=False)
    def logits(*inputs):
        features = _swapped(dict(zip(_INPUTS.values(), inputs, strict=True)))
        features = {name: tf.cast(tensor, tf.int32) for name, tensor in features.items()}
        found = classifier.logits(
            model.weights, features, model.folder.params.model, Layers(tf.float32)
        )
        return {_OUTPUT: found}

    return logits


def _swapped(features: dict) -> dict:
    """With the other polarity of the mask: from theirs to ours and back."""
    mask = records.PADDING + records.TOKEN - features["input_mask"]
    return {**features, "input_mask": mask}


def read(target: str, model: Classifier) -> "_Reread":
    return _Reread(target, model)


class _Reread:
    """The file in onnxruntime, on a CPU."""

    def __init__(self, target: str, model: Classifier):
        path = os.path.join(target, FILE)
        self._session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        self._reader = TextReader(text_files.read(target, model.folder))
        self._outputs = model.folder.params.model.num_cls_classes

    def tokens(self, examples) -> Tokens:
        return self._reader.tokens(examples)

    def logits(self, examples) -> np.ndarray:
        found = np.empty((len(examples), self._outputs), np.float32)
        tokens = self.tokens(examples)
        for rows, features in batches.of_like_length(tokens, self._reader.pad_id):
            swapped = _swapped(features)
            inputs = {name: swapped[ours].astype(np.int64) for name, ours in _INPUTS.items()}
            (found[rows],) = self._session.run([_OUTPUT], inputs)
        return found
