"""A dataset in the shape of SST-2, of random numbers: no text, no tokenizer, no network."""

import hashlib
import os

import numpy as np
import tensorflow as tf

from preprocess.encoding.encode import Tokens
from preprocess.encoding.serialize import Serializer
from shared.manifest import Manifest, Shard, Split, Vocabulary
from shared.manifest_file import is_dataset, write_manifest
from shared.shards import shard_file
from shared.tasks import TASKS, TRAIN_SPLIT, VALIDATION_SPLIT

ROWS = 67349  # of SST-2's train split
_TASK, _LENGTH, _VALIDATION_ROWS = TASKS["sst2"], 128, 872
_PIECES = 30522
_SPECIAL = {"[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102}
_FIRST_ORDINARY = 1000
# Tokens of a row: mean 13, half of the rows have 10 or fewer, the longest 66.
_SHAPE, _SCALE, _SHORTEST, _LONGEST = 1.3, 8.0, 3, 66


def make(folder: str, rows: int, tokens: "int | None" = None) -> str:
    """Writes a dataset of this many training rows unless it exists; returns its folder.

    Args: tokens, of each row, for which XLA compiles one program; None draws them.
    """
    dataset = os.path.join(folder, f"{_TASK.name}-{rows}-{tokens}")
    if not is_dataset(dataset):
        random = np.random.RandomState(1)
        counts = {TRAIN_SPLIT: rows, VALIDATION_SPLIT: min(rows, _VALIDATION_ROWS)}
        splits = {
            name: _write(dataset, name, _tokens(count, tokens, random), random)
            for name, count in counts.items()
        }
        vocabulary = Vocabulary("random numbers", _PIECES, "0" * 64, True, True, True, _SPECIAL)
        write_manifest(dataset, Manifest(
            task=_TASK.name,
            source={"random numbers": rows},
            text_columns=_TASK.text_columns,
            max_sequence_length=_LENGTH,
            vocabulary=vocabulary,
            label_names=_TASK.label_names,
            splits=splits,
            versions={},
        ))  # fmt: skip
    return dataset


def _write(dataset: str, split: str, tokens: Tokens, random) -> Split:
    """One shard."""
    count = len(tokens.lengths)
    labels = random.randint(0, len(_TASK.label_names), count)
    path = os.path.join(dataset, shard_file(split, 0, 1))
    os.makedirs(os.path.dirname(path))
    serializer = Serializer(_LENGTH, _PIECES, _SPECIAL["[PAD]"])
    with tf.io.TFRecordWriter(path) as writer:
        for record in serializer.serialize(tokens, labels):
            writer.write(record)
    lengths, rows = np.unique(tokens.lengths, return_counts=True)
    return Split(
        examples=count,
        shards=(_shard(path, count),),
        length_histogram=dict(zip(lengths.tolist(), rows.tolist(), strict=True)),
        truncated=0,
        unknown_share=0.0,
        label_counts={name: int(np.sum(labels == n)) for n, name in enumerate(_TASK.label_names)},
        unlabelled=0,
        index_sha256=None,
    )


def _tokens(count: int, each, random) -> Tokens:
    drawn = np.round(_SHORTEST + random.gamma(_SHAPE, _SCALE, count)).astype(np.int64)
    lengths = np.full(count, each) if each else np.minimum(drawn, _LONGEST)
    ends = lengths.cumsum()
    values = random.randint(_FIRST_ORDINARY, _PIECES, ends[-1], np.int32)
    values[ends - lengths], values[ends - 1] = _SPECIAL["[CLS]"], _SPECIAL["[SEP]"]
    return Tokens(values, lengths, lengths)


def _shard(path: str, count: int) -> Shard:
    with open(path, "rb") as file:
        content = file.read()
    return Shard(os.path.basename(path), count, len(content), hashlib.sha256(content).hexdigest())
