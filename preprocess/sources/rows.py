"""Rows of text and label, as every worker reads them: TFRecord files, read by row range.

A row is a tf.train.Example with one string for each text and a `label`: the form in which TFDS
prepares a dataset, and in which user_files.py stores a user's rows; these may have a `weight`, too.
"""

import os
from dataclasses import dataclass
from typing import Iterator, Optional

import numpy as np

from preprocess.formats import tfrecord
from preprocess.sources.user_ids import Ids
from shared.errors import UserError
from shared.tasks import Task, is_test

LABEL, WEIGHT = "label", "weight"


@dataclass(frozen=True)
class RowFile:
    """A TFRecord file and its number of rows; known, as in tfrecord.offsets."""

    path: str
    rows: int
    known: "tuple[tuple[int, int], ...]" = ()


@dataclass(frozen=True)
class RowsOfFiles:
    """What only the reader of a user's files knows of a split.

    Attributes:
      places: int64 [rows, 2], see rows.npy in shared/source_order.py.
      unlabelled: rows without a label among them.
      left_out: {why: rows of the files that are not among them}, for the manifest.
      ids: the user's id of each row; None without an id column.
      weights: float32 [rows], how much each counts; None without a column of weights, and in
        splits that are not trained on.
    """

    places: np.ndarray
    unlabelled: int
    left_out: "dict[str, int]"
    ids: Optional[Ids] = None
    weights: Optional[np.ndarray] = None


@dataclass(frozen=True)
class Rows:
    """All rows of a task.

    Attributes:
      task: which task; its splits are the keys of `files`, in its order.
      text_features: the name of the Example's feature for each text column of the task.
      files: {split: its RowFiles, in the order of the rows}.
      of_files: {split: what is known of a user's files}; empty if the rows are not of such.
      number_feature: the Example's feature with the row's number in the source; None if the rows
        are in the source's order.
      advice: what the user can do about a damaged file.
      quality: what repeated_texts.py found in a user's files; None if the rows are not of such.
    """

    task: Task
    text_features: "tuple[str, ...]"
    files: "dict[str, tuple[RowFile, ...]]"
    of_files: "dict[str, RowsOfFiles]"
    number_feature: "str | None"
    advice: str
    quality: "list[dict] | None" = None

    def examples(self, split: str) -> int:
        return sum(file.rows for file in self.files[split])

    def number_feature_of(self, split: str) -> "str | None":
        """number_feature for test splits, whose predictions must be matched to rows; else None."""
        return self.number_feature if is_test(split) else None

    def has_weights(self, split: str) -> bool:
        return split in self.of_files and self.of_files[split].weights is not None


@dataclass(frozen=True)
class Piece:
    """Consecutive records of a file.

    Attributes:
      path: the file.
      first: the number of the first record in the file.
      offset: the byte where that record begins.
      rows: how many records.
      advice: as in Rows.
    """

    path: str
    first: int
    offset: int
    rows: int
    advice: str


@dataclass(frozen=True)
class Batch:
    """Serialized rows of one file; `start` is the number of the first one in the split."""

    start: int
    records: tfrecord.Records
    path: str
    advice: str


def cut(rows: Rows, split: str, ranges: "list[tuple[int, int]]") -> "list[tuple[Piece, ...]]":
    """The pieces of files that hold each range of rows [start, stop); the ranges are in order.

    Raises:
      UserError: a file does not have the expected rows.
    """
    pieces = [[] for _ in ranges]
    before = 0  # rows in earlier files
    for file in rows.files[split]:
        parts = []
        for of_range, (start, stop) in zip(pieces, ranges, strict=True):
            first, last = max(start - before, 0), min(stop - before, file.rows)
            if first < last:
                parts.append((of_range, first, last))
        offsets = _offsets(file, [first for _, first, _ in parts], rows.advice)
        for (of_range, first, last), offset in zip(parts, offsets, strict=True):
            of_range.append(Piece(file.path, first, offset, last - first, rows.advice))
        before += file.rows
    return [tuple(of_range) for of_range in pieces]


def _offsets(file: RowFile, numbers: "list[int]", advice: str) -> "list[int]":
    try:
        *found, end = tfrecord.offsets(file.path, [*numbers, file.rows], file.known)
        size = os.path.getsize(file.path)
    except (OSError, tfrecord.DamagedRecordError) as error:
        raise UserError(
            f"{file.path} is damaged ({error}), expected {file.rows:,} rows; {advice}"
        ) from None
    if end != size:
        raise UserError(
            f"{file.path} is damaged: its {file.rows:,} rows should end at byte {end:,}, but "
            f"it has {size:,} bytes; {advice}"
        )
    return found


def batches(pieces: "tuple[Piece, ...]", start: int) -> Iterator[Batch]:
    """The rows of consecutive pieces in order; `start` is the first row's number in the split.

    Raises:
      UserError: a record is damaged.
    """
    for piece in pieces:
        left = piece.rows
        for records in _records(piece):
            batch = Batch(start, records.first(left), piece.path, piece.advice)
            yield batch
            start += len(batch.records)
            left -= len(batch.records)
            if not left:
                break


def _records(piece: Piece) -> Iterator[tfrecord.Records]:
    try:
        yield from tfrecord.read(piece.path, piece.offset, piece.first)
    except (OSError, tfrecord.DamagedRecordError) as error:
        raise UserError(f"{piece.path} is damaged ({error}); {piece.advice}") from None
