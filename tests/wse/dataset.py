"""A small dataset, as `make data` would write one: preprocess/ does not run on Python 3.7.

Rows of 1 to 20 pieces, drawn from a fixed seed out of a vocabulary of 64 pieces; those that are
too long for 16 tokens are truncated. `python -m preprocess.verify` finds no fault in it.
"""

import hashlib
import os
from collections import Counter
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from shared import records, vocab, where
from shared.files import sha256_of
from shared.manifest import Manifest, Shard, Split, Vocabulary
from shared.manifest_file import write_manifest
from shared.shards import shard_file
from shared.word_pieces import CLS, PAD, SEP, UNK

MAX_SEQUENCE_LENGTH = 16
VOCABULARY_SIZE = 64
SPECIAL_IDS = {PAD: 0, UNK: 1, CLS: 2, SEP: 3}
# {split: the records of each shard}
SPLITS = {"train": (5, 31, 22, 12), "validation": (14, 7), "test": (10,)}
_LONGEST_ROW = 20  # pieces, before truncation
_UNKNOWN_SHARE = 0.05
_SEED = 1202


def write(
    data_dir,
    task="sst2",
    text_columns=("sentence",),
    label_names=("negative", "positive"),
    splits=None,
) -> str:
    """Writes <data_dir>/<task>/msl16 and returns its path.

    Args:
      text_columns: one, or two for pairs.
      label_names: None for scores from 0 to 5.
      splits: {split: the records of each shard}; a name that begins with `test` has no labels.
    """
    folder = where.folder(str(data_dir), task, MAX_SEQUENCE_LENGTH)
    draw = _Draw(len(text_columns), label_names)
    made = Manifest(
        task=task,
        source={"made by": "tests/wse/dataset.py"},
        text_columns=tuple(text_columns),
        max_sequence_length=MAX_SEQUENCE_LENGTH,
        vocabulary=Vocabulary(
            "pieces", VOCABULARY_SIZE, _vocabulary_sha256(), True, True, True, SPECIAL_IDS
        ),
        label_names=label_names,
        splits={
            name: _write_split(folder, name, sizes, draw)
            for name, sizes in (splits or SPLITS).items()
        },
        versions={"numpy": np.__version__, "tensorflow": tf.__version__},
    )
    vocab.write(folder, vocab.Vocabulary("", "", tuple(pieces()), "", True, True, True))
    write_manifest(folder, made)
    return folder


def pieces() -> list:
    """The vocabulary: the four special pieces, then 60 that mean nothing."""
    return [*SPECIAL_IDS, *(f"piece{n}" for n in range(len(SPECIAL_IDS), VOCABULARY_SIZE))]


def _vocabulary_sha256():
    return hashlib.sha256("".join(piece + "\n" for piece in pieces()).encode("utf-8")).hexdigest()


class _Row(NamedTuple):
    """features: {name: list of ints, or for `labels` one number}; texts: ids before truncation."""

    features: dict
    texts: list


class _Draw:
    """Draws rows of so many texts."""

    def __init__(self, texts, label_names):
        self._texts = texts
        self.label_names = label_names
        self._random = np.random.RandomState(_SEED)

    def row(self, is_labelled) -> _Row:
        texts = [self._text() for _ in range(self._texts)]
        return _Row({**_features(_truncated(texts)), "labels": self._label(is_labelled)}, texts)

    def _text(self):
        length = self._random.randint(1, _LONGEST_ROW // self._texts + 1)
        ids = self._random.randint(len(SPECIAL_IDS), VOCABULARY_SIZE, length)
        ids[self._random.uniform(size=length) < _UNKNOWN_SHARE] = SPECIAL_IDS[UNK]
        return ids.tolist()

    def _label(self, is_labelled):
        of_type = float if self.label_names is None else int
        if not is_labelled:
            return of_type(records.UNLABELLED)
        if self.label_names is None:
            return self._random.uniform(0, 5)
        return int(self._random.randint(len(self.label_names)))


def _truncated(texts):
    """Drops the last piece of the longer text until all fit; on a tie of the second."""
    texts = [list(text) for text in texts]
    while records.special_tokens(len(texts)) + sum(map(len, texts)) > MAX_SEQUENCE_LENGTH:
        max(reversed(texts), key=len).pop()
    return texts


def _features(texts):
    ids, segments = [SPECIAL_IDS[CLS]], [records.SEGMENT_A]
    for segment, text in zip((records.SEGMENT_A, records.SEGMENT_B), texts):
        ids += [*text, SPECIAL_IDS[SEP]]
        segments += [segment] * (len(text) + 1)
    padding = MAX_SEQUENCE_LENGTH - len(ids)
    return {
        "input_ids": ids + [SPECIAL_IDS[PAD]] * padding,
        "input_mask": [records.TOKEN] * len(ids) + [records.PADDING] * padding,
        "segment_ids": segments + [records.SEGMENT_PADDING] * padding,
    }


def _write_split(folder, name, sizes, draw):
    is_labelled = not name.startswith("test")
    shards = [[draw.row(is_labelled) for _ in range(size)] for size in sizes]
    files = [shard_file(name, k, len(sizes)) for k in range(len(sizes))]
    rows = [row for shard in shards for row in shard]
    return Split(
        examples=len(rows),
        shards=tuple(_write_shard(folder, *found) for found in zip(files, shards)),
        unlabelled=0 if is_labelled else len(rows),
        index_sha256=None,
        **_statistics(rows, draw),
    )


def _statistics(rows, draw):
    lengths = [records.special_tokens(len(row.texts)) + sum(map(len, row.texts)) for row in rows]
    ids = [piece for row in rows for text in row.texts for piece in text]
    labels = Counter(row.features["labels"] for row in rows)
    return {
        "length_histogram": dict(Counter(lengths)),
        "truncated": sum(length > MAX_SEQUENCE_LENGTH for length in lengths),
        "unknown_share": round(ids.count(SPECIAL_IDS[UNK]) / len(ids), 6),
        "label_counts": {name: labels[n] for n, name in enumerate(draw.label_names or ())},
    }


def _write_shard(folder, file, rows):
    path = os.path.join(folder, file)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with tf.io.TFRecordWriter(path) as writer:
        for row in rows:
            writer.write(_serialized(row.features))
    return Shard(os.path.basename(file), len(rows), os.path.getsize(path), sha256_of(path))


def _serialized(features):
    """A tf.train.Example; deterministic, or the order of the features would be any."""

    def encoded(values):
        if isinstance(values, float):
            return tf.train.Feature(float_list=tf.train.FloatList(value=[values]))
        values = values if isinstance(values, list) else [values]
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))

    found = {name: encoded(values) for name, values in features.items()}
    example = tf.train.Example(features=tf.train.Features(feature=found))
    return example.SerializeToString(deterministic=True)
