"""Converts a batch of serialized rows to framed records and statistics: the work of a shard."""

import functools
import threading
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from preprocess.encoding import statistics
from preprocess.encoding.encode import Encoder, Ids
from preprocess.encoding.serialize import Serializer
from preprocess.encoding.statistics import Statistics
from preprocess.encoding.tokenization import Tokenizer
from preprocess.formats import tfrecord
from preprocess.sources.rows import LABEL, WEIGHT, Batch
from shared import shown
from shared.errors import UserError, plain_message
from shared.vocab import Vocabulary
from shared.word_pieces import PAD, UNK

_SHOWN = 5  # added tokens
# tfrecord.Records: content, starts, lengths.
_RECORDS = [tf.TensorSpec([], tf.string), *[tf.TensorSpec([None], tf.int64)] * 2]
_one_builds = threading.Lock()


@dataclass(frozen=True)
class Converted:
    """Records as they are in a shard file.

    Attributes:
      framed: their bytes.
      records: how many.
      documents: int64 [records], the number in the batch of the row that each is a window of; None
        without windows.
      statistics: of the rows.
    """

    framed: bytes
    records: int
    documents: "np.ndarray | None"
    statistics: Statistics


class Converter:
    """Converts batches of rows of one kind; may be called from several threads."""

    def __init__(
        self,
        vocabulary,
        max_sequence_length,
        text_features,
        is_regression,
        label_shape=(),
        overlap=None,
    ):
        """Args: overlap, of the windows of a text (shared/windows.py); None to cut texts off."""
        with _one_builds:  # for all threads, which begin together
            self._parse_and_tokenize = _parse_and_tokenize(
                vocabulary, text_features, is_regression, label_shape
            )
        self._encoder = Encoder(vocabulary, max_sequence_length, overlap)
        self._serializer = Serializer(
            max_sequence_length, len(vocabulary.pieces), vocabulary.id(PAD)
        )
        self._unk_id = vocabulary.id(UNK)
        self._vocabulary = vocabulary

    def convert(self, batch: Batch, weights: "np.ndarray | None" = None) -> Converted:
        """Args:
          weights: of the rows, float32 [N]; None if their records hold none.

        Raises:
          UserError: the rows are no such Examples, or hold an added token.
        """
        values, lengths, labels, hashes = self._columns(batch)
        ids = Ids(values, lengths)
        counted = statistics.of_batch(ids, labels, hashes, batch.start, self._unk_id)
        tokens = self._encoder.encode(ids)
        if tokens.documents is not None:
            labels = labels[tokens.documents]
            weights = None if weights is None else weights[tokens.documents]
        framed = tfrecord.frame(self._serializer.serialize(tokens, labels, weights))
        return Converted(framed, len(tokens.lengths), tokens.documents, counted)

    def _columns(self, batch: Batch) -> list:
        records = batch.records
        try:
            *columns, added = self._parse_and_tokenize(
                records.content, records.starts, records.lengths
            )
        except tf.errors.OpError as error:
            raise _damaged(batch, error) from None
        if added:
            raise _has_added_tokens(batch, self._vocabulary)
        return [column.numpy() for column in columns]


def row_numbers(batch: Batch, feature: str) -> np.ndarray:
    """The int64 feature of every row, [N]; separate, so that only test splits pay for it.

    Raises:
      UserError: the rows are not Examples with this feature.
    """
    return _column(batch, feature, tf.int64)


def row_weights(batch: Batch) -> np.ndarray:
    """The weight of every row, float32 [N]; raises as row_numbers."""
    return _column(batch, WEIGHT, tf.float32)


def _column(batch: Batch, feature: str, dtype) -> np.ndarray:
    records, spec = batch.records, {feature: tf.io.FixedLenFeature([], dtype)}
    serialized = tf.strings.substr(records.content, records.starts, records.lengths)
    try:
        return tf.io.parse_example(serialized, spec)[feature].numpy()
    except tf.errors.OpError as error:
        raise _damaged(batch, error) from None


def _has_added_tokens(batch: Batch, vocabulary: Vocabulary) -> UserError:
    return UserError(
        f"a text of {batch.path} holds a token that the tokenizer of {vocabulary.path} adds to "
        f"BERT's ({shown.listed(vocabulary.added_tokens, _SHOWN)}). It would "
        "become ordinary pieces, not the id that the model knows: take it out of the texts, or, "
        "for a model that does not need it, out of the tokenizer's files."
    )


def _damaged(batch: Batch, error: tf.errors.OpError) -> UserError:
    return UserError(f"{batch.path} is damaged ({plain_message(error)}); {batch.advice}")


@functools.lru_cache(maxsize=1)  # a tokenizer takes a second to build: once per process
def _parse_and_tokenize(
    vocabulary: Vocabulary, text_features: tuple, is_regression: bool, label_shape: tuple
):
    """A function of Examples, with T = len(text_features).

    It takes the parts of tfrecord.Records and returns

    (ids of all texts int32 [total], their lengths int64 [N, T],
    labels int64 or float32 [N, *label_shape],
    hashes of the texts uint8 [N, T, 8], whether a text holds an added token).
    """
    tokenizer = Tokenizer(vocabulary)
    spec = dict.fromkeys(text_features, tf.io.FixedLenFeature([], tf.string))
    spec[LABEL] = tf.io.FixedLenFeature(label_shape, tf.float32 if is_regression else tf.int64)

    @tf.function(input_signature=_RECORDS, autograph=False)
    def parse_and_tokenize(content, starts, lengths):
        columns = tf.io.parse_example(tf.strings.substr(content, starts, lengths), spec)
        texts = _side_by_side([columns[name] for name in text_features])
        ids = tokenizer.tokenize(texts)
        hashes = tf.raw_ops.Fingerprint(data=texts, method="farmhash64")
        return (
            ids.flat_values,
            tf.reshape(ids.row_lengths(), [-1, len(text_features)]),
            columns[LABEL],
            tf.reshape(hashes, [-1, len(text_features), 8]),
            tokenizer.finds_added_token(texts),
        )

    return parse_and_tokenize


def _side_by_side(texts: list):
    """Columns [N] -> [N * T], row by row, so that one call tokenizes a and b."""
    return texts[0] if len(texts) == 1 else tf.reshape(tf.stack(texts, axis=1), [-1])
