"""Texts to what a model reads of them: the tokenizer and the encoder of preprocess."""

from typing import Sequence, Union

import tensorflow as tf

from inference.model_folder import ModelFolder
from preprocess.encoding.encode import Encoder, Ids, Tokens
from preprocess.encoding.tokenization import Tokenizer
from shared import shown
from shared.errors import UserError
from shared.word_pieces import PAD

# What a user gives for an example: one text, or two.
Example = Union[str, Sequence[str]]


class TextReader:
    """Attributes: tokenizer, preprocess' own; pad_id, of [PAD]."""

    def __init__(self, folder: ModelFolder):
        self.tokenizer = Tokenizer(folder.vocabulary)
        self.pad_id = folder.vocabulary.id(PAD)
        self._folder = folder
        self._encoder = Encoder(folder.vocabulary, folder.max_sequence_length, folder.windows)

    def tokens(self, examples: "Sequence[Example]") -> Tokens:
        """The tokens of N texts or pairs, or of the windows of N texts.

        Raises:
          UserError: they are one text, not a list; or an example is not what the model was trained
            on, such as one text, not two.
        """
        if isinstance(examples, (str, bytes)):  # whose letters would be the examples
            raise UserError(f"found {shown.value(examples)}; give a list of texts, [text, ...]")
        texts = [self.texts(number, example) for number, example in enumerate(examples)]
        count = len(texts[0]) if texts else 1
        flat = [utf8 for row in texts for utf8 in row]
        ids = self.tokenizer.tokenize(tf.constant(flat, tf.string))
        lengths = ids.row_lengths().numpy().reshape(-1, count)
        return self._encoder.encode(Ids(ids.flat_values.numpy(), lengths))

    def texts(self, number: int, example: Example) -> "tuple[bytes, ...]":
        """The texts of an example in UTF-8; raises as `tokens`, with its number."""
        is_row = isinstance(example, (list, tuple))
        texts = tuple(example) if is_row else (example,)
        columns = self._folder.text_columns
        if len(texts) != len(columns) or not all(isinstance(text, str) for text in texts):
            raise UserError(
                f"example {number} is {shown.value(example)}; {self._folder.path} expects "
                + ("one text" if len(columns) == 1 else f"two texts ({', '.join(columns)})")
            )
        return tuple(text.encode("utf-8", "surrogatepass") for text in texts)
