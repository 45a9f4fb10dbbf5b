"""What the manifest and the summary tell of a split, gathered shard by shard."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf

from preprocess.encode import Ids
from preprocess.sources import Rows
from shared import records
from shared.tasks import Task

_FINGERPRINT_MODULUS = 2**64


@dataclass
class Statistics:
    """Counts over rows; adding those of two shards gives those of both.

    Attributes:
      examples: rows.
      lengths: {tokens of the whole text, specials included, before truncation: rows}.
      pieces, unknown: word pieces of the texts before truncation, and [UNK] among them.
      labels: {label value: rows}; empty for a regression task.
      unlabelled: rows whose label is -1.
      rows_fingerprint: see `rows_fingerprint`.
    """

    examples: int = 0
    lengths: Counter = field(default_factory=Counter)
    pieces: int = 0
    unknown: int = 0
    labels: Counter = field(default_factory=Counter)
    unlabelled: int = 0
    rows_fingerprint: int = 0

    def __add__(self, other: "Statistics") -> "Statistics":
        sums = {name: value + getattr(other, name) for name, value in vars(self).items()}
        total = Statistics(**sums)
        total.rows_fingerprint %= _FINGERPRINT_MODULUS
        return total

    def truncated(self, max_sequence_length: int) -> int:
        """Rows longer than max_sequence_length."""
        return sum(rows for length, rows in self.lengths.items() if length > max_sequence_length)

    def unknown_share(self) -> float:
        return round(self.unknown / self.pieces, 6) if self.pieces else 0.0

    def label_counts(self, task: Task) -> dict:
        """{label name: rows}, every name of the task."""
        names = task.label_names or ()
        return {name: self.labels[index] for index, name in enumerate(names)}


def of_batch(rows: Rows, ids: "list[Ids]", unk_id: int) -> Statistics:
    """The statistics of one batch.

    Args:
      rows: the batch, as read.
      ids: of each of its text columns.
      unk_id: the id of [UNK].
    """
    labels = rows.labels.numpy()
    is_labelled = labels != records.UNLABELLED
    is_class = labels.dtype.kind == "i"
    lengths = records.special_tokens(len(ids)) + sum(column.lengths for column in ids)
    return Statistics(
        examples=len(labels),
        lengths=_counter(lengths),
        pieces=sum(len(column.values) for column in ids),
        unknown=sum(int((column.values == unk_id).sum()) for column in ids),
        labels=_counter(labels[is_labelled]) if is_class else Counter(),
        unlabelled=int((~is_labelled).sum()),
        rows_fingerprint=rows_fingerprint(rows),
    )


def rows_fingerprint(rows: Rows) -> int:
    """Identifies rows by content and order: sum of farmhash64(number, label, texts) mod 2^64.

    Each hash covers the row's number in the split, so other rows or another order give another
    sum; and sums can be added, so the result does not depend on how a split was cut into shards.
    """
    numbers = tf.range(rows.start, rows.start + len(rows.labels), dtype=tf.int64)
    sizes = [tf.strings.length(text) for text in rows.texts]
    parts = [tf.strings.as_string(part) for part in (numbers, rows.labels, *sizes)]
    content = tf.strings.join([*parts, *rows.texts], separator="\0")
    hashes = tf.raw_ops.Fingerprint(data=content, method="farmhash64").numpy()
    return int(hashes.view("<u8").sum(dtype=np.uint64))


def _counter(values: np.ndarray) -> Counter:
    unique, counts = np.unique(values, return_counts=True)
    return Counter(dict(zip(unique.tolist(), counts.tolist(), strict=True)))
