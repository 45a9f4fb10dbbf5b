"""The statistics of a split for the manifest and the summary, collected shard by shard."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from preprocess import split_mix
from preprocess.encoding import lengths
from preprocess.encoding.encode import Ids
from shared import records
from shared.tasks import Task

_FINGERPRINT_MODULUS = 2**64


@dataclass
class Statistics:
    """Counts over rows; the sum of two shards' counts is the count of both.

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
        return lengths.longer(self.lengths, max_sequence_length)

    def unknown_share(self) -> float:
        return round(self.unknown / self.pieces, 6) if self.pieces else 0.0

    def label_counts(self, task: Task) -> dict:
        """{label name: rows}, every name of the task."""
        names = task.label_names or ()
        return {name: self.labels[index] for index, name in enumerate(names)}


def of_batch(ids: Ids, labels, hashes, start: int, unk_id: int) -> Statistics:
    """The statistics of N consecutive rows.

    Args:
      ids: of their texts.
      labels: int64 [N], -1 for rows without one; float32 [N] for a regression task; int64 [N, C]
        of multi-label data.
      hashes: uint8 [N, T, 8], a hash of each text.
      start: the number of the first row in the split.
      unk_id: the id of [UNK].
    """
    counts = label_values(labels)
    unlabelled = counts.pop(records.UNLABELLED, 0)
    is_class = labels.dtype.kind == "i"
    row_lengths = records.special_tokens(ids.lengths.shape[1]) + ids.lengths.sum(axis=1)
    return Statistics(
        examples=len(labels),
        lengths=_counter(row_lengths),
        pieces=len(ids.values),
        unknown=int((ids.values == unk_id).sum()),
        labels=counts if is_class else Counter(),
        unlabelled=unlabelled,
        rows_fingerprint=rows_fingerprint(hashes, labels, start),
    )


def label_values(labels: np.ndarray) -> Counter:
    """{label value: rows}; of multi-label data, [N, C], {class: rows}, and -1 for rows without.

    >>> label_values(np.array([[0, 1], [1, 1], [-1, -1]]))
    Counter({1: 2, 0: 1, -1: 1})
    """
    if labels.ndim == 1:
        return _counter(labels)
    is_labelled = (labels != records.UNLABELLED).all(axis=1)
    counts = Counter(dict(enumerate(labels[is_labelled].sum(axis=0).tolist())))
    counts[records.UNLABELLED] = int((~is_labelled).sum())
    return counts


def rows_fingerprint(hashes: np.ndarray, labels: np.ndarray, start: int) -> int:
    """Identifies rows by content and order: a sum over the rows, mod 2^64.

    Each row's hash combines the hash of each text, the labels and the row's number in the split,
    one after the other, as h <- mix(h xor part). So other rows or another order give another sum;
    and sums can be added, so the result does not depend on how a split is divided into shards.
    """
    numbers = np.arange(start, start + len(labels), dtype=np.int64)
    is_class = labels.dtype.kind == "i"
    bits = labels.astype("<i8") if is_class else labels.astype("<f4").view("<u4").astype("<i8")
    texts = hashes.view("<u8")[..., 0].T
    hashed = np.zeros(len(labels), np.uint64)
    of_labels = np.atleast_2d(np.ascontiguousarray(bits.T)).view(np.uint64)
    for part in (*texts, *of_labels, numbers.view(np.uint64)):
        hashed = split_mix.mixed(hashed ^ part)
    return int(hashed.sum(dtype=np.uint64))


def _counter(values: np.ndarray) -> Counter:
    unique, counts = np.unique(values, return_counts=True)
    return Counter(dict(zip(unique.tolist(), counts.tolist(), strict=True)))
