"""A SavedModel: texts or ids in, answers out, with tensorflow and tensorflow_text alone."""

import numpy as np
import tensorflow as tf

from inference import batches
from inference.classifier import Classifier
from inference.export.text_features import TextFeatures
from preprocess.encoding.encode import Tokens
from shared import quiet, records
from train.gpu.step import FEATURES
from train.model import classifier
from train.model.layers import Layers

FORM, READER = "a SavedModel", "TensorFlow and TF Text"
_TEXTS = ("text", "text_b")  # the names of the inputs with texts


def write(target: str, model: Classifier) -> None:
    served = _Served(model)
    with quiet.native_stderr():
        tf.saved_model.save(served, target, signatures=served.signatures())


class _Served(tf.Module):
    """The model as functions of tensors; TensorFlow saves the variables that it finds here."""

    def __init__(self, model: Classifier):
        super().__init__()
        self._folder = model.folder
        self._weights = model.weights
        self._texts = TextFeatures(model.reader, model.folder)

    def signatures(self) -> dict:
        """{name: function}; inputs have the names of these TensorSpecs."""
        columns = len(self._folder.text_columns)
        texts = [tf.TensorSpec([None], tf.string, name) for name in _TEXTS[:columns]]
        features = [tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in FEATURES.items()]
        tokenize = _traced(lambda *columns: self._texts.features(columns), texts)
        ids = _traced(
            lambda *given: self._answers(dict(zip(FEATURES, given, strict=True))), features
        )
        # Calls the two, so that what is checked of it holds for them.
        text = _traced(lambda *columns: ids(**tokenize(*columns)), texts)
        found = {"text": text, "ids": ids, "tokenize": tokenize}
        if self._folder.label_names is not None:
            found["label_names"] = _traced(lambda: {"label_names": self._labels()}, [])
        return found

    def _answers(self, features: dict) -> dict:
        """{"labels" [N], "probabilities" [N, C], "logits" [N, C]}, or "scores" [N] and "logits".

        Of a multi-label model "has_label", bool [N, C], instead of "labels".
        """
        params = self._folder.params.model
        logits = classifier.logits(self._weights, features, params, Layers(tf.float32))
        if self._folder.label_names is None:
            return {"scores": tf.squeeze(logits, axis=1), "logits": logits}
        if self._folder.thresholds is not None:
            found = tf.sigmoid(logits)
            thresholds = tf.constant(self._folder.thresholds, tf.float32)
            return {"has_label": found >= thresholds, "probabilities": found, "logits": logits}
        labels = tf.gather(self._labels(), tf.argmax(logits, axis=1))
        return {"labels": labels, "probabilities": tf.nn.softmax(logits), "logits": logits}

    def _labels(self):
        return tf.constant(self._folder.label_names, tf.string)


def _traced(function, specs: list):
    return tf.function(function, autograph=False).get_concrete_function(*specs)


def read(target: str, model: Classifier) -> "_Reread":
    return _Reread(target, model)


class _Reread:
    """The SavedModel, called by its signatures."""

    def __init__(self, target: str, model: Classifier):
        with quiet.native_stderr():
            self._loaded = tf.saved_model.load(target)
        self._reader = model.reader
        self._outputs = model.folder.params.model.num_cls_classes

    def tokens(self, examples) -> Tokens:
        found = self._call("tokenize", examples)
        ids, mask, segments = (found[name].numpy() for name in FEATURES)
        is_token = mask == records.TOKEN
        lengths = is_token.sum(axis=1)
        in_b = (segments == records.SEGMENT_B).sum(axis=1)
        return Tokens(ids[is_token], lengths, lengths - in_b)

    def logits(self, examples) -> np.ndarray:
        found = np.empty((len(examples), self._outputs), np.float32)
        # Only for the order: texts of like length in a batch.
        for rows, _ in batches.of_like_length(self.tokens(examples), self._reader.pad_id):
            found[rows] = self._call("text", [examples[row] for row in rows])["logits"].numpy()
        return found

    def _call(self, signature: str, examples) -> dict:
        texts = [self._reader.texts(*numbered) for numbered in enumerate(examples)]
        columns = map(tf.constant, zip(*texts, strict=True))
        return self._loaded.signatures[signature](**dict(zip(_TEXTS, columns, strict=False)))
