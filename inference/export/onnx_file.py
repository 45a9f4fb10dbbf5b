"""model.onnx: ids in, logits out, and beside it how text becomes ids."""

import json
import os

import numpy as np
import onnx
import onnxruntime

from inference import batches
from inference.classifier import Classifier
from inference.export import onnx_graph, text_files
from inference.model_folder import ModelFolder
from inference.text_reader import TextReader
from preprocess.encoding.encode import Tokens
from shared import records
from shared.files import write_whole

FILE = "model.onnx"
FORM, READER = f"{FILE} (opset {onnx_graph.OPSET})", "onnxruntime"
# Of logits. Its float32 rounds in other places, which large weights amplify: BERT-base with weights
# four times as large as at its start differs by 1.5e-5.
TOLERANCE = 1e-4


def write(target: str, model: Classifier) -> None:
    """Writes model.onnx, vocab.txt and the tokenizer's settings."""
    weights = {name: variable.numpy() for name, variable in model.weights.items()}
    proto = onnx_graph.build(weights, model.folder.params.model)
    if model.folder.label_names is not None:
        onnx.helper.set_model_props(proto, _labels(model.folder))
    write_whole(os.path.join(target, FILE), proto.SerializeToString())
    text_files.write(target, model.folder)


def _labels(folder: ModelFolder) -> "dict[str, str]":
    """For the metadata, as JSON: the names and, of a multi-label model, their thresholds."""
    found = {"id2label": dict(enumerate(folder.label_names))}
    if folder.thresholds is not None:
        found["thresholds"] = folder.thresholds.tolist()
    return {name: json.dumps(value) for name, value in found.items()}


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
            (found[rows],) = self._session.run([onnx_graph.OUTPUT], _inputs(features))
        return found


def _inputs(features: dict) -> dict:
    """A record's features as the graph's inputs."""
    given = {
        onnx_graph.IDS: features["input_ids"],
        onnx_graph.MASK: features["input_mask"] == records.TOKEN,
        onnx_graph.SEGMENTS: features["segment_ids"],
    }
    return {name: values.astype(np.int64) for name, values in given.items()}
