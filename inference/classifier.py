"""Texts to answers, with a model folder's own vocabulary and weights."""

import functools
from typing import Sequence

import numpy as np
import tensorflow as tf

from inference import batches
from inference.model_folder import ModelFolder
from inference.text_reader import Example, TextReader
from preprocess.encoding.encode import Tokens
from train.checkpoints import tensors
from train.gpu.layers import layers_of_device
from train.gpu.state import read_weights
from train.gpu.step import FEATURES
from train.model import classifier, precision, variables
from train.scoring import answers, pooling


def read(folder: ModelFolder) -> "Classifier":
    """The model with the newest weights in its folder; raises UserError if none can be read."""
    reader = functools.partial(read_weights, model=folder.params.model)
    return Classifier(folder, *tensors.read_newest(folder.path, reader))


class Classifier:
    """A trained model.

    Attributes:
      folder: what its model folder says (inference/model_folder.py).
      checkpoint: the path of its weights.
      weights: {name: variable}, train/model/variables.py.
      reader: turns its texts into ids (inference/text_reader.py).
    """

    def __init__(self, folder: ModelFolder, checkpoint: str, values: dict):
        """Args: values, {name: float32 array} of all weights."""
        self.folder, self.checkpoint = folder, checkpoint
        model = folder.params.model
        self.weights = {
            spec.name: tf.Variable(values[spec.name]) for spec in variables.table(model)
        }
        self.reader = TextReader(folder)
        has_gpu = bool(tf.config.list_logical_devices("GPU"))
        self._dtype = precision.compute_dtype(model.mixed_precision if has_gpu else False)
        self._graph = tf.function(self._forward, [FEATURES], autograph=False)
        self._is_used = False

    def logits(self, examples: "Sequence[Example]") -> np.ndarray:
        """The model's outputs, float32 [N, C]; C = 1 for a model of scores.

        Args: examples, N texts or N pairs of texts.
        Raises:
          UserError: an example is not what the model was trained on, such as one text, not two.
        """
        tokens = self.tokens(examples)
        found = np.empty((len(tokens.lengths), self.folder.params.model.num_cls_classes), "<f4")
        grouped = list(batches.of_like_length(tokens, self.reader.pad_id))
        # Making the graph takes seconds, a hundred times a batch: too long for a first answer.
        forward = self._graph if self._is_used or len(grouped) > 1 else self._forward
        for rows, features in grouped:
            found[rows] = forward(features).numpy()
        self._is_used = True
        if tokens.documents is None:
            return found
        return pooling.pooled(found, tokens.documents, self.folder.params.model.window_pooling)

    def classify(self, examples: "Sequence[Example]") -> "list[dict]":
        """An answer for each example, as predict_<split>.jsonl has them; raises as `logits`.

        {"label": "refund", "probabilities": {"login": 0.25, "refund": 0.75}}, or {"score": 3.2}, or
        of a multi-label model {"labels": ["refund"], "probabilities": {...}}.
        """
        folder, outputs = self.folder, self.logits(examples)
        return list(answers.of_outputs(outputs, folder.label_names, folder.thresholds))

    def tokens(self, examples: "Sequence[Example]") -> Tokens:
        """What the model reads of each example, or of each window of it; raises as `logits`."""
        return self.reader.tokens(examples)

    def _forward(self, features):
        layers = layers_of_device(use_xla=False)(self._dtype)
        return classifier.logits(self.weights, features, self.folder.params.model, layers)
