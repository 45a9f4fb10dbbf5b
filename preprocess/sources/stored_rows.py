"""A block of a user's rows in the form in which they are stored, and what is noted about others."""

import functools
import operator
from dataclasses import dataclass
from typing import Callable, Optional

import numpy as np

from preprocess.formats import example_bytes, tfrecord
from preprocess.sources import row_marks
from preprocess.sources.good_rows import GoodRows, Problem
from preprocess.sources.row_marks import Marks
from preprocess.sources.rows import LABEL, WEIGHT
from preprocess.sources.suspicious_rows import SuspiciousRows, odd
from preprocess.sources.user_ids import Ids
from preprocess.sources.user_labels import LabelError, Labels
from shared import records

TEXT_FEATURES = ("text_a", "text_b")


@dataclass(frozen=True)
class StoredRows:
    """N examples.

    Attributes:
      framed: as they are in a TFRecord file; emptied when they are there.
      size: the bytes of `framed`.
      lines: int64 [N], where the row of each begins in its file.
      ids: the user's id of each; None without an id column.
      weights: float32 [N], how much each counts; None without a column of weights.
      marks: to compare them by.
      has_values: whether one has another label than -1.
    """

    framed: bytes
    size: int
    lines: np.ndarray
    ids: Optional[Ids]
    weights: Optional[np.ndarray]
    marks: Marks
    has_values: bool


def labelled(
    rows: GoodRows, labels: Labels, keeps_unlabelled: bool
) -> "tuple[GoodRows, list, list[Problem], list[int]]":
    """What the labels of rows mean.

    Args: keeps_unlabelled, whether a row without a label becomes an example.
    Returns: the rows that become examples, the value of each, what is wrong with labels of others,
      and the lines of rows without a label.
    """
    known = {text: _value(labels, text) for text in set(rows.labels)}
    if not any(value is None or isinstance(value, LabelError) for value in known.values()):
        return rows, list(map(known.__getitem__, rows.labels)), [], []
    values = [known[text] for text in rows.labels]
    found = list(zip(rows.lines.tolist(), values, strict=True))
    bad = [
        (line, f"found {value}", value.expected or labels.expected())
        for line, value in found
        if isinstance(value, LabelError)
    ]
    lacking = [line for line, value in found if value is None]
    drops = (LabelError,) if keeps_unlabelled else (LabelError, type(None))
    is_kept = [not isinstance(value, drops) for value in values]
    kept = [
        labels.unlabelled if value is None else value
        for value, keep in zip(values, is_kept, strict=True)
        if keep
    ]
    return rows.only(is_kept), kept, bad, lacking


def _value(labels: Labels, text) -> "int | float | tuple | LabelError | None":
    try:
        return None if text is None else labels.value(text)
    except LabelError as error:
        return error


def stored(
    rows: GoodRows,
    values: list,
    labels: Labels,
    suspicious: SuspiciousRows,
    looks_like_row: "Callable[[str], bool]",
    is_drawn: bool,
) -> StoredRows:
    """The examples of rows.

    Args:
      values: of their labels.
      labels: which these are.
      suspicious: notes those that look odd.
      looks_like_row: whether a line within a field is a row itself.
      is_drawn: whether splits are drawn by the marks.
    """
    texts = [list(map(str.encode, of_text)) for of_text in rows.texts]
    is_blank = _look(rows, suspicious, looks_like_row)
    is_regression = labels.names is None
    # Equal scores may be different bytes: 0.0 and -0.0.
    distinct = values if is_regression else list(dict.fromkeys(values))
    numbers = np.arange(len(values)) if is_regression else _numbers(values, distinct)
    entries = list(map(_score_entry if is_regression else _class_entry, distinct))
    marks = np.array(list(map(labels.mark, distinct)), np.float64)[numbers]
    weights = None if rows.weights is None else np.array(rows.weights, np.float32)
    if weights is not None:
        entries, numbers = _with_weights(entries, numbers, weights)
    framed = tfrecord.frame(_examples(texts, entries, numbers))
    return StoredRows(
        framed,
        len(framed),
        rows.lines,
        None if rows.ids is None else Ids.of(rows.ids),
        weights,
        row_marks.marks(texts, marks, is_blank, rows.groups, is_lasting=is_drawn),
        any(value not in (records.UNLABELLED, labels.unlabelled) for value in distinct),
    )


def _numbers(values: list, distinct: list) -> np.ndarray:
    """The place of each value among the distinct ones, int64 [N]."""
    places = {value: place for place, value in enumerate(distinct)}
    return np.fromiter(map(places.__getitem__, values), np.int64, len(values))


def _with_weights(
    entries: "list[bytes]", numbers: np.ndarray, weights: np.ndarray
) -> "tuple[list[bytes], np.ndarray]":
    """The different pairs of a label's entry and a weight's, and which of them each row has; args:
    as of _examples, and the weight of each row."""
    known, number = np.unique(weights, return_inverse=True)
    kinds, kind = np.unique(numbers * len(known) + number, return_inverse=True)
    ends = [example_bytes.float_entry(WEIGHT, weight.astype("<f4").tobytes()) for weight in known]
    pairs = zip(*(of.tolist() for of in divmod(kinds, len(known))), strict=True)
    return [entries[label] + ends[weight] for label, weight in pairs], kind


def _look(
    rows: GoodRows, suspicious: SuspiciousRows, looks_like_row: "Callable[[str], bool]"
) -> np.ndarray:
    """Looks closer at the rows that need it; returns whether a text is blank, bool [N]."""
    is_blank = np.zeros(len(rows.lines), bool)
    for at in sorted({at for of_text in rows.texts for at in odd(of_text)}):
        is_blank[at] = suspicious.look(int(rows.lines[at]), [of[at] for of in rows.texts])
    for at, fields in rows.broken.items():
        suspicious.look_inside(int(rows.lines[at]), fields, looks_like_row)
    return is_blank


def _examples(
    texts: "list[list[bytes]]", entries: "list[bytes]", numbers: np.ndarray
) -> "list[bytes]":
    """Args: entries, of all but the texts; numbers, which of them each row has."""
    if len(texts) > 1:
        return [
            example_bytes.example(
                entries[number], *map(example_bytes.bytes_entry, TEXT_FEATURES, of_row)
            )
            for number, *of_row in zip(numbers.tolist(), *texts, strict=True)
        ]
    lengths = np.fromiter(map(len, texts[0]), np.int64, len(texts[0]))
    most = int(lengths.max(initial=0)) + 1
    kinds, kind = np.unique(numbers * most + lengths, return_inverse=True)
    before = [  # few: all but the text is built once for each
        example_bytes.before_bytes(entries[number], length, TEXT_FEATURES[0])
        for number, length in zip(*(of.tolist() for of in divmod(kinds, most)), strict=True)
    ]
    return list(map(operator.add, map(before.__getitem__, kind.tolist()), texts[0]))


@functools.lru_cache(maxsize=2**10)
def _class_entry(value: "int | tuple[int, ...]") -> bytes:
    values = value if isinstance(value, tuple) else (value,)
    return example_bytes.int64_entry(LABEL, b"".join(map(example_bytes.varint, values)))


def _score_entry(score: float) -> bytes:
    return example_bytes.float_entry(LABEL, np.array(score, "<f4").tobytes())
