"""The rows of a block that can be read: their texts, labels, ids, groups and weights."""

from dataclasses import dataclass
from itertools import compress
from typing import Any, Callable, Optional

import numpy as np

from preprocess.sources import table_files, user_ids, user_weights
from preprocess.sources.table_rows import BadRow, Block, Columns, Row, Selection
from preprocess.sources.text_columns import TextColumns
from preprocess.sources.user_ids import IdError
from preprocess.sources.user_labels import LabelError
from preprocess.sources.user_weights import WeightError, weight_of
from shared import shown

_TEXT_AND_LABEL = "a text and a label"
Problem = "tuple[int, str, str]"  # the line, what is wrong, what was expected


class GroupError(ValueError):
    """A row without a group; the text completes `found ...`."""


@dataclass(frozen=True)
class GoodRows:
    """N of them, each attribute with one entry a row.

    Attributes:
      lines: int64 [N], where they begin.
      texts: for each text, N of them.
      labels: as texts, in multi-label files tuples of names; None for a row without one.
      ids, groups, weights: None without such a column.
      broken: {the number of a row, from 0: its fields with a line feed}.
    """

    lines: np.ndarray
    texts: "list[list[str]]"
    labels: list
    ids: "Optional[list[str]]"
    groups: "Optional[list[str]]"
    weights: "Optional[list[float]]"
    broken: "dict[int, tuple]"

    def only(self, is_wanted: "list[bool]") -> "GoodRows":
        """Some of the rows."""
        kept = np.flatnonzero(is_wanted).tolist()
        return GoodRows(
            self.lines[kept],
            [list(compress(of_text, is_wanted)) for of_text in self.texts],
            list(compress(self.labels, is_wanted)),
            self.ids and list(compress(self.ids, is_wanted)),
            self.groups and list(compress(self.groups, is_wanted)),
            self.weights and list(compress(self.weights, is_wanted)),
            {at: self.broken[row] for at, row in enumerate(kept) if row in self.broken},
        )


@dataclass(frozen=True)
class RowReader:
    """Which columns of a file hold what.

    Attributes:
      selection: the columns of the texts, then those of label, id, group and weight, as far as they
        are.
      texts: how the former make up texts.
      label_of: what a value of the label's column says: a text, or in multi-label files names; None
        if there is none. It raises LabelError.
      label, id, group, weight: the names of the latter; None without such a column.
    """

    selection: Selection
    texts: TextColumns
    label_of: "Callable[[Any], Any]"
    label: Optional[str]
    id: Optional[str]
    group: Optional[str]
    weight: Optional[str]

    def read(self, block: Block) -> "tuple[GoodRows, list[Problem]]":
        """The good rows of a block, and what is wrong with its others, in order."""
        columns = table_files.clean(block, self.selection)
        if columns is not None:
            try:
                return self._of_columns(columns), []
            except ValueError:
                pass  # of one row: the strict reader says which, and what is wrong with it
        return self._strictly(block)

    def _of_columns(self, columns: Columns) -> GoodRows:
        """Raises ValueError if a value is not what its column holds."""
        rest = iter(columns.values[len(self.texts.columns) :])
        return GoodRows(
            columns.lines,
            texts=self.texts.all(columns.values),
            labels=_meanings(next(rest), self.label_of)
            if self.label
            else [None] * len(columns.lines),
            ids=list(map(user_ids.required, next(rest))) if self.id else None,
            groups=list(map(_group_of, next(rest))) if self.group else None,
            weights=_meanings(next(rest), weight_of) if self.weight else None,
            broken=columns.broken,
        )

    def _strictly(self, block: Block) -> "tuple[GoodRows, list[Problem]]":
        good, bad = [], []
        for row in table_files.rows(block, self.selection):
            if isinstance(row, BadRow):
                bad.append((row.line, row.problem, "a row like the others"))
                continue
            try:
                good.append(self._good(row))
            except IdError as error:
                expected = f"a text or a whole number in {shown.value(self.id)}"
                bad.append((row.line, f"found {error}", expected))
            except GroupError as error:
                bad.append((row.line, f"found {error}", f"one in {shown.value(self.group)}"))
            except WeightError as error:
                expected = f"{user_weights.EXPECTED} in {shown.value(self.weight)}"
                bad.append((row.line, f"found {error}", expected))
            except LabelError as error:
                bad.append((row.line, f"found {error}", error.expected or _TEXT_AND_LABEL))
            except ValueError as error:
                bad.append((row.line, f"found {error}", _TEXT_AND_LABEL))
        return self._side_by_side(good), bad

    def _good(self, row: Row) -> "tuple":
        """Its line, broken fields, label, texts, id, group and weight; raises as _of_columns."""
        rest = iter(row.values[len(self.texts.columns) :])
        return (
            row.line,
            row.broken,
            self.label_of(next(rest)) if self.label else None,
            self.texts.of(row.values),
            user_ids.required(next(rest)) if self.id else None,
            _group_of(next(rest)) if self.group else None,
            weight_of(next(rest)) if self.weight else None,
        )

    def _side_by_side(self, good: "list[tuple]") -> GoodRows:
        lines, broken, labels, texts, ids, groups, weights = (
            zip(*good, strict=True) if good else [()] * 7
        )
        return GoodRows(
            np.array(lines, np.int64),
            [list(of_text) for of_text in zip(*texts, strict=True)] or [[]] * self.texts.count,
            list(labels),
            list(ids) if self.id else None,
            list(groups) if self.group else None,
            list(weights) if self.weight else None,
            {at: fields for at, fields in enumerate(broken) if fields},
        )


def _meanings(values: list, meaning_of: "Callable[[Any], Any]") -> list:
    if set(map(type, values)) not in ({str}, {int}):  # equal ones may differ: 1, 1.0, true
        return list(map(meaning_of, values))
    found = {value: meaning_of(value) for value in set(values)}
    return list(map(found.__getitem__, values))


def _group_of(value) -> str:
    text = "" if value is None or value != value else str(value).strip()  # pandas writes NaN
    if not text:
        raise GroupError("no group")
    return text
