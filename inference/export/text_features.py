"""Texts to a model's features as TensorFlow operations: what preprocess does to a record's row."""

import tensorflow as tf

from inference.model_folder import ModelFolder
from inference.text_reader import TextReader
from preprocess.encoding.encode import truncate
from shared import records, windows
from shared.word_pieces import CLS, SEP

DOCUMENTS = "documents"


class TextFeatures:
    """The same ids as inference/text_reader.py, in a graph that needs no NumPy."""

    def __init__(self, reader: TextReader, folder: ModelFolder):
        self._tokenizer, self._pad_id = reader.tokenizer, reader.pad_id
        self._cls, self._sep = folder.vocabulary.id(CLS), folder.vocabulary.id(SEP)
        self._length, self._overlap = folder.max_sequence_length, folder.windows

    def features(self, columns: "list[tf.Tensor]") -> dict:
        """The features of N texts or pairs, as long as the longest of them.

        Args: columns, one or two, string [N] each, UTF-8.
        Returns: {"input_ids", "input_mask", "segment_ids"}, int32 [N, S]; of texts in windows [W,
          S], and DOCUMENTS, int64 [W], the number of each one's text.
        """
        texts = [self._tokenizer.tokenize(column) for column in columns]
        if self._overlap is None:
            return self._placed(self._truncated(texts))
        found, documents = self._windows(texts[0])
        return {**self._placed([found]), DOCUMENTS: documents}

    def _placed(self, texts: "list[tf.RaggedTensor]") -> dict:
        """The features of texts that fit."""
        one = tf.ones([texts[0].nrows(), 1], tf.int32)
        parts = [tf.concat([ids, one * self._sep], axis=1) for ids in texts]
        parts[0] = tf.concat([one * self._cls, parts[0]], axis=1)
        segments = (records.SEGMENT_A, records.SEGMENT_B)
        marks = [tf.ones_like(part) * mark for part, mark in zip(parts, segments, strict=False)]
        ids = tf.concat(parts, axis=1)
        is_token = tf.ones_like(ids) * records.TOKEN
        return {
            "input_ids": ids.to_tensor(self._pad_id),
            "input_mask": is_token.to_tensor(records.PADDING),
            "segment_ids": tf.concat(marks, axis=1).to_tensor(records.SEGMENT_PADDING),
        }

    def _windows(self, ids: tf.RaggedTensor) -> "tuple[tf.RaggedTensor, tf.Tensor]":
        """(windows, the number of each one's text), as preprocess/encoding/windows.py."""
        room, lengths = windows.room_of(self._length), ids.row_lengths()
        counts = windows.count(lengths, room, self._overlap, math=tf)
        documents = tf.repeat(tf.range(ids.nrows()), counts)
        before = tf.gather(tf.cumsum(counts, exclusive=True), documents)
        starts = (tf.range(tf.size(documents, tf.int64)) - before) * (room - self._overlap)
        stops = tf.minimum(starts + room, tf.gather(lengths, documents))
        begins = tf.gather(ids.row_starts(), documents)
        places = tf.ragged.range(begins + starts, begins + stops)
        return places.with_flat_values(tf.gather(ids.flat_values, places.flat_values)), documents

    def _truncated(self, texts: "list[tf.RaggedTensor]") -> "list[tf.RaggedTensor]":
        """What fits of each text."""
        room = self._length - records.special_tokens(len(texts))
        if len(texts) == 1:
            return [texts[0][:, :room]]
        kept = truncate(*(ids.row_lengths() for ids in texts), room, math=tf)
        return [_first(ids, count) for ids, count in zip(texts, kept, strict=True)]


def _first(ids: tf.RaggedTensor, counts: tf.Tensor) -> tf.RaggedTensor:
    """The first counts[n] of each row n; args: counts, int64 [N], at most the row's length."""
    return tf.RaggedTensor.from_tensor(ids.to_tensor(), counts)
