"""A SavedModel: texts or ids in, answers out, with tensorflow and tensorflow_text alone."""

import numpy as np
import tensorflow as tf

from inference import batches
from inference.classifier import Classifier
from inference.export.text_features import DOCUMENTS, TextFeatures
from preprocess.encoding.encode import Tokens
from shared import quiet, records
from train.gpu.step import FEATURES
from train.model import classifier
from train.model.layers import Layers

FORM, READER = "a SavedModel", "TensorFlow and TF Text"
TOLERANCE = 1e-5  # of logits, as of check.compare
_TEXTS = ("text", "text_b")  # the names of the inputs with texts
# As train/scoring/pooling.py.
_POOLS = {"mean": tf.math.segment_mean, "max": tf.math.segment_max}


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
            lambda *given: self._answers(self._logits(dict(zip(FEATURES, given, strict=True)))),
            features,
        )

        def answered(*columns):  # calls the two, so that what is checked of it holds for them
            read = tokenize(*columns)
            documents = read.pop(DOCUMENTS, None)
            found = ids(**read)
            return found if documents is None else self._of_windows(found["logits"], documents)

        found = {"text": _traced(answered, texts), "ids": ids, "tokenize": tokenize}
        if self._folder.label_names is not None:
            found["label_names"] = _traced(lambda: {"label_names": self._labels()}, [])
        return found

    def _logits(self, features: dict):
        params = self._folder.params.model
        return classifier.logits(self._weights, features, params, Layers(tf.float32))

    def _of_windows(self, logits, documents) -> dict:
        """The answers to documents; args: float32 [W, C], int64 [W], of their windows."""
        pool = _POOLS[self._folder.params.model.window_pooling]
        return self._answers(pool(logits, documents))

    def _answers(self, logits) -> dict:
        """{"labels" [N], "probabilities" [N, C], "logits" [N, C]}, or "scores" [N] and "logits".

        Of a multi-label model "has_label", bool [N, C], instead of "labels".
        """
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
        documents = found[DOCUMENTS].numpy() if DOCUMENTS in found else None
        return Tokens(ids[is_token], lengths, lengths - in_b, documents)

    def logits(self, examples) -> np.ndarray:
        found = np.empty((len(examples), self._outputs), np.float32)
        tokens = self.tokens(examples)
        # Only for the order: texts of like length in a batch.
        for rows, _ in batches.of_like_length(tokens, self._reader.pad_id):
            if tokens.documents is not None:
                rows = np.unique(tokens.documents[rows])
            found[rows] = self._call("text", [examples[row] for row in rows])["logits"].numpy()
        return found

    def _call(self, signature: str, examples) -> dict:
        texts = [self._reader.texts(*numbered) for numbered in enumerate(examples)]
        columns = map(tf.constant, zip(*texts, strict=True))
        with quiet.native_stderr():
            return self._loaded.signatures[signature](**dict(zip(_TEXTS, columns, strict=False)))
