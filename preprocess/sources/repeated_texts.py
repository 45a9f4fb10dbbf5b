"""Texts that come more than once in a user's files: within a split, in two splits, with two labels.

What is found is a list of findings, which the manifest keeps:

    {"kind": REPEATED, "split": "train", "exact": 2, "folded": 3,
     "first": [[{"split": "train", "file": "a.csv", "line": 2}, {..., "line": 9}], ...]}

exact     rows of the split (CONFLICTING: texts) with a text that is the same to the letter
folded    the same, with case, blanks and Unicode form ignored (row_marks.py); exact ones included
first     of the folded ones: an earlier row and this one; for BLANK, this one
with      SHARED: the other split

Rows with an empty or blank text are of the kind BLANK, and of no other one.
"""

from typing import Any, NamedTuple

import numpy as np

from preprocess.sources.stored_split import StoredSplit
from shared import records, tasks

BLANK, REPEATED, SHARED, CONFLICTING = "blank", "repeated", "shared", "conflicting"
_FIRST = 10  # rows that are listed
_ODD = np.uint64(0x9E3779B97F4A7C15)


class Found(NamedTuple):
    """Rows that have the text of another one.

    Attributes:
      rows: int64, their numbers.
      earlier: int64, the row that has it, too.
    """

    rows: np.ndarray
    earlier: np.ndarray


class _Split(NamedTuple):
    """The rows of a split that have a text."""

    name: str
    stored: StoredSplit
    files: "list[str]"
    rows: np.ndarray

    def keys(self, is_exact: bool) -> np.ndarray:
        return keys(self.stored, is_exact)[self.rows]

    def place(self, row: int) -> dict:
        file, line = self.stored.facts.places[row].tolist()
        return {"split": self.name, "file": self.files[file], "line": line}


def keys(stored: StoredSplit, is_exact: bool) -> np.ndarray:
    """uint64 [N], the same for rows with the same texts."""
    marks = stored.marks
    return marks.folded + marks.exact.astype(np.uint64) * _ODD if is_exact else marks.folded


def repeated(found: np.ndarray) -> Found:
    """The rows that have the key of an earlier one.

    >>> repeated(np.array([7, 3, 7, 7]))
    Found(rows=array([2, 3]), earlier=array([0, 0]))
    """
    ordered = np.sort(found)  # takes a fifth of the time of argsort, and most files need no more
    if not (ordered[1:] == ordered[:-1]).any():
        return Found(*np.zeros((2, 0), np.int64))
    order = np.argsort(found)
    ordered = found[order]
    begins = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))  # of each key
    first = np.minimum.reduceat(order, begins)
    earlier = np.empty_like(order)
    earlier[order] = np.repeat(first, np.diff(begins, append=len(order)))
    rows = np.flatnonzero(earlier != np.arange(len(found)))
    return Found(rows, earlier[rows])


def shared(found: np.ndarray, others: np.ndarray) -> Found:
    """The rows that have the key of a row of another split.

    >>> shared(np.array([5, 7]), np.array([7, 3, 7]))
    Found(rows=array([1]), earlier=array([0]))
    """
    unique, first = np.unique(others, return_index=True)
    rows = np.flatnonzero(_is_among(found, unique))
    return Found(rows, first[np.searchsorted(unique, found[rows])])


def _is_among(found: np.ndarray, unique: np.ndarray) -> np.ndarray:
    """Whether each is one of the latter, which are sorted; bool [N]."""
    if not len(unique):
        return np.zeros(len(found), bool)
    at = np.minimum(np.searchsorted(unique, found), len(unique) - 1)
    return unique[at] == found


def to_drop(train: StoredSplit, others: "list[StoredSplit]") -> "tuple[np.ndarray, np.ndarray]":
    """Training rows to drop, bool [N] each: those that repeat text and label of an earlier row, and
    of the rest those with a text of another split.

    Case, blanks and Unicode form are ignored; rows with a blank text stay.
    """
    rows = np.flatnonzero(~train.marks.is_blank)
    texts = train.marks.folded[rows]
    _, labels = np.unique(train.marks.labels[rows], return_inverse=True)
    is_repeated, is_elsewhere = np.zeros((2, len(train.marks.folded)), bool)
    is_repeated[rows[repeated(texts + labels.astype(np.uint64) * _ODD).rows]] = True
    for other in others:
        texts_there = other.marks.folded[~other.marks.is_blank]
        is_elsewhere[rows[shared(texts, texts_there).rows]] = True
    return is_repeated, is_elsewhere & ~is_repeated


def findings(stored: "dict[str, StoredSplit]", files: "dict[str, list[str]]") -> "list[dict]":
    """All of them; args: files, the names of each split's files."""
    splits = [
        _Split(name, stored[name], files[name], np.flatnonzero(~stored[name].marks.is_blank))
        for name in tasks.in_order(stored)
    ]
    found = [_blank(split) for split in splits]
    found += [_repeated(split) for split in splits]
    found += [_shared(split, other) for at, split in enumerate(splits) for other in splits[:at]]
    return [finding for finding in [*found, _conflicting(splits)] if finding["folded"]]


def _blank(split: _Split) -> "dict[str, Any]":
    rows = np.flatnonzero(split.stored.marks.is_blank)
    places = [[split.place(row)] for row in rows[:_FIRST]]
    counts = {"exact": len(rows), "folded": len(rows)}
    return {"kind": BLANK, "split": split.name, **counts, "first": places}


def _repeated(split: _Split) -> "dict[str, Any]":
    folded = repeated(split.keys(is_exact=False))
    is_alike = np.zeros(len(split.rows), bool)
    is_alike[folded.rows] = is_alike[folded.earlier] = True
    exact = repeated(split.keys(is_exact=True)[is_alike])  # no others can be the same to the letter
    return {"kind": REPEATED, "split": split.name, **_counted(exact, folded, split, split)}


def _shared(split: _Split, other: _Split) -> "dict[str, Any]":
    there = np.arange(len(other.rows))
    if len(there) > len(split.rows):  # few of them are left to sort
        there = np.flatnonzero(_is_among(other.keys(False), np.unique(split.keys(False))))
    exact, folded = (
        shared(split.keys(is_exact), other.keys(is_exact)[there]) for is_exact in (True, False)
    )
    counted = _counted(exact, folded._replace(earlier=there[folded.earlier]), split, other)
    return {"kind": SHARED, "split": split.name, "with": other.name, **counted}


def _counted(exact: Found, folded: Found, split: _Split, other: _Split) -> "dict[str, Any]":
    pairs = zip(folded.earlier[:_FIRST], folded.rows[:_FIRST], strict=True)
    return {
        "exact": len(exact.rows),
        "folded": len(folded.rows),
        "first": [[other.place(other.rows[a]), split.place(split.rows[b])] for a, b in pairs],
    }


def _conflicting(splits: "list[_Split]") -> "dict[str, Any]":
    labelled = [split._replace(rows=split.rows[_is_labelled(split)]) for split in splits]
    labels = np.concatenate([split.stored.marks.labels[split.rows] for split in labelled])
    exact, folded = (
        np.concatenate([split.keys(is_exact) for split in labelled]) for is_exact in (True, False)
    )
    found = _with_other_labels(folded, labels)
    alike = np.flatnonzero(_is_among(folded, np.unique(folded[found.rows])))
    count = len(_with_other_labels(exact[alike], labels[alike]).rows)
    places = [
        [_place(labelled, earlier), _place(labelled, row)]
        for row, earlier in zip(found.rows[:_FIRST], found.earlier[:_FIRST], strict=True)
    ]
    counts = {"exact": count, "folded": len(found.rows)}
    return {"kind": CONFLICTING, **counts, "first": places}


def _is_labelled(split: _Split) -> np.ndarray:
    """Among scores without a gap, -1 is one."""
    if not split.stored.facts.unlabelled:
        return np.ones(len(split.rows), bool)
    return split.stored.marks.labels[split.rows] != records.UNLABELLED


def _with_other_labels(found: np.ndarray, labels: np.ndarray) -> Found:
    """Of every text that has several labels, the first row with another one than its first row."""
    same = repeated(found)
    differs = labels[same.rows] != labels[same.earlier]
    earlier, at = np.unique(same.earlier[differs], return_index=True)
    return Found(same.rows[differs][at], earlier)


def _place(splits: "list[_Split]", number: int) -> dict:
    """Of a row by its number in all splits together."""
    for split in splits:
        if number < len(split.rows):
            return split.place(split.rows[number])
        number -= len(split.rows)
    raise IndexError(number)
