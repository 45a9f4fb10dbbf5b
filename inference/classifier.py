"""Texts to answers, with a model folder's own vocabulary and weights."""

import functools
from typing import Sequence, Union

import numpy as np
import tensorflow as tf

from inference import batches
from inference.model_folder import ModelFolder
from preprocess.encoding.encode import Encoder, Ids, Tokens
from preprocess.encoding.tokenization import Tokenizer
from shared import shown
from shared.errors import UserError
from shared.word_pieces import PAD
from train.checkpoints import tensors
from train.gpu.layers import layers_of_device
from train.gpu.state import read_weights
from train.gpu.step import FEATURES
from train.model import classifier, precision, variables
from train.scoring import answers

# What a user gives for an example: one text, or two.
Example = Union[str, Sequence[str]]


class Classifier:
    """A trained model.

    Attributes:
      folder: what its model folder says (inference/model_folder.py).
      checkpoint: the path of the checkpoint it holds.
    """

    def __init__(self, folder: ModelFolder):
        """Reads the weights; raises UserError if no checkpoint can be read."""
        self.folder = folder
        model = folder.params.model
        read = functools.partial(read_weights, model=model)
        self.checkpoint, values = tensors.read_newest(folder.path, read)
        self._weights = {
            spec.name: tf.Variable(values[spec.name]) for spec in variables.table(model)
        }
        self._tokenizer = Tokenizer(folder.vocabulary)
        self._encoder = Encoder(folder.vocabulary, folder.max_sequence_length)
        self._pad_id = folder.vocabulary.id(PAD)
        has_gpu = bool(tf.config.list_logical_devices("GPU"))
        self._dtype = precision.compute_dtype(model.mixed_precision if has_gpu else False)
        self._logits = tf.function(self._forward, [FEATURES], autograph=False)

    def logits(self, examples: "Sequence[Example]") -> np.ndarray:
        """The model's outputs, float32 [N, C]; C = 1 for a model of scores.

        Args: examples, N texts or N pairs of texts.
        Raises:
          UserError: an example is not what the model was trained on, such as one text, not two.
        """
        tokens = self.tokens(examples)
        found = np.empty((len(tokens.lengths), self.folder.params.model.num_cls_classes), "<f4")
        for rows, features in batches.of_like_length(tokens, self._pad_id):
            found[rows] = self._logits(features).numpy()
        return found

    def classify(self, examples: "Sequence[Example]") -> "list[dict]":
        """An answer for each example, as predict_<split>.jsonl has them; raises as `logits`.

        {"label": "refund", "probabilities": {"login": 0.25, "refund": 0.75}}, or {"score": 3.2}.
        """
        return list(answers.of_outputs(self.logits(examples), self.folder.label_names))

    def tokens(self, examples: "Sequence[Example]") -> Tokens:
        """What the model reads of each example; raises as `logits`."""
        texts = [self._texts(number, example) for number, example in enumerate(examples)]
        count = len(texts[0]) if texts else 1
        flat = [text.encode("utf-8", "surrogatepass") for row in texts for text in row]
        ids = self._tokenizer.tokenize(tf.constant(flat, tf.string))
        lengths = ids.row_lengths().numpy().reshape(-1, count)
        return self._encoder.encode(Ids(ids.flat_values.numpy(), lengths))

    def _texts(self, number: int, example: Example) -> "tuple[str, ...]":
        is_row = isinstance(example, (list, tuple))
        texts = tuple(example) if is_row else (example,)
        columns = self.folder.text_columns
        if len(texts) != len(columns) or not all(isinstance(text, str) for text in texts):
            raise UserError(
                f"example {number} is {shown.value(example)}; {self.folder.path} expects "
                + ("one text" if len(columns) == 1 else f"two texts ({', '.join(columns)})")
            )
        return texts

    def _forward(self, features):
        layers = layers_of_device()(self._dtype)
        return classifier.logits(self._weights, features, self.folder.params.model, layers)
