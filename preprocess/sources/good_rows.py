"""The rows of a block that can be read: their texts, labels, ids and groups."""

from dataclasses import dataclass
from itertools import compress
from typing import Any, Callable, Optional

import numpy as np

from preprocess.sources import table_files, user_ids
from preprocess.sources.table_rows import BadRow, Block, Columns, Row, Selection
from preprocess.sources.text_columns import TextColumns
from preprocess.sources.user_ids import IdError
from shared import shown

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
      ids, groups: None without such a column.
      broken: {the number of a row, from 0: its fields with a line feed}.
    """

    lines: np.ndarray
    texts: "list[list[str]]"
    labels: list
    ids: "Optional[list[str]]"
    groups: "Optional[list[str]]"
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
            {at: self.broken[row] for at, row in enumerate(kept) if row in self.broken},
        )


@dataclass(frozen=True)
class RowReader:
    """Which columns of a file hold what.

    Attributes:
      selection: the columns of the texts, then those of label, id and group, as far as they are.
      texts: how the former make up texts.
      label_of: what a value of the label's column says: a text, or in multi-label files names; None
        if there is none. It raises LabelError.
      label, id, group: the names of the latter; None without such a column.
    """

    selection: Selection
    texts: TextColumns
    label_of: "Callable[[Any], Any]"
    label: Optional[str]
    id: Optional[str]
    group: Optional[str]

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
            labels=_labels(next(rest), self.label_of)
            if self.label
            else [None] * len(columns.lines),
            ids=list(map(user_ids.required, next(rest))) if self.id else None,
            groups=list(map(_group_of, next(rest))) if self.group else None,
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
            except ValueError as error:
                bad.append((row.line, f"found {error}", "a text and a label"))
        return self._side_by_side(good), bad

    def _good(self, row: Row) -> "tuple":
        """Its line, broken fields, label, id, group and texts; raises as _of_columns."""
        rest = iter(row.values[len(self.texts.columns) :])
        return (
            row.line,
            row.broken,
            self.label_of(next(rest)) if self.label else None,
            self.texts.of(row.values),
            user_ids.required(next(rest)) if self.id else None,
            _group_of(next(rest)) if self.group else None,
        )

    def _side_by_side(self, good: "list[tuple]") -> GoodRows:
        lines, broken, labels, texts, ids, groups = zip(*good, strict=True) if good else [()] * 6
        return GoodRows(
            np.array(lines, np.int64),
            [list(of_text) for of_text in zip(*texts, strict=True)] or [[]] * self.texts.count,
            list(labels),
            list(ids) if self.id else None,
            list(groups) if self.group else None,
            {at: fields for at, fields in enumerate(broken) if fields},
        )


def _labels(values: list, label_of: "Callable[[Any], Any]") -> list:
    if set(map(type, values)) not in ({str}, {int}):  # equal ones may differ: 1, 1.0, true
        return list(map(label_of, values))
    found = {value: label_of(value) for value in set(values)}
    return list(map(found.__getitem__, values))


def _group_of(value) -> str:
    text = "" if value is None or value != value else str(value).strip()  # pandas writes NaN
    if not text:
        raise GroupError("no group")
    return text
