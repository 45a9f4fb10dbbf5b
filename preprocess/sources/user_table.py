"""One file of a user's, row by row: which rows become examples, and what is said about the rest."""

import functools
from array import array
from typing import Iterator, NamedTuple

import numpy as np

from preprocess.formats import example_bytes
from preprocess.sources import label_sets, table_files, user_ids
from preprocess.sources.noted_rows import NotedRows
from preprocess.sources.row_marks import RowMarks
from preprocess.sources.rows import LABEL
from preprocess.sources.suspicious_rows import SuspiciousRows
from preprocess.sources.table_rows import BadRow, Row
from preprocess.sources.text_columns import TextColumns
from preprocess.sources.user_ids import IdError
from preprocess.sources.user_labels import SEVERAL, LabelError, Labels, text_of
from preprocess.sources.user_spec import UserSpec
from shared import records, shown, tasks
from shared.errors import UserError

TEXT_FEATURES = ("text_a", "text_b")


class _GoodRow(NamedTuple):
    """A row that can be read; label, id and group are None where there is none."""

    row: Row
    label: "str | tuple[str, ...] | None"
    texts: "list[str]"
    id: "str | None"
    group: "str | None"


class GroupError(ValueError):
    """A row without a group; the text completes `found ...`."""


class UserTable:
    """One of the files.

    A row without a label is an example of a test split, with -1; every other split leaves it out.

    Attributes:
      path: the file.
      lines: int64, the line on which the row of each example begins.
      ids: the user's id of each example; None without an id column.
      bad: the rows that cannot be read.
      labelled, unlabelled: how many rows have a label, and the rows that have none.
    """

    def __init__(self, spec: UserSpec, split: str, path: str):
        """Raises UserError if a column is missing; only test data may lack the labels'."""
        self.path = path
        self.lines = array("q")
        self.ids = [] if spec.id else None
        self.bad = NotedRows()
        self._spec, self._split = spec, split
        self._is_test = tasks.is_test(split)
        self._header = table_files.columns(path, spec.form)
        self._has_labels = (
            not self._is_test or spec.label in self._header or table_files.is_jsonl(path)
        )
        self._texts = TextColumns(spec.text, self._header)
        self._group = spec.shares and split == tasks.TRAIN_SPLIT and spec.shares.group
        self._columns = [
            *self._texts.columns,
            *([spec.label] if self._has_labels else []),
            *([spec.id] if spec.id else []),
            *([self._group] if self._group else []),
        ]
        self._label_at = len(self._texts.columns)
        self._is_multi_label = spec.labels == SEVERAL
        self._label_of = label_sets.names_of if self._is_multi_label else text_of
        self._id_at = self._label_at + self._has_labels
        table_files.check_columns(path, self._columns, spec.form)
        if split == tasks.TRAIN_SPLIT:
            table_files.check_not_swapped(path, self._texts.columns, spec.label, spec.form)
        self.labelled, self.unlabelled = 0, NotedRows()
        self._has_values = False  # other than -1
        self._warnings: list[str] = []

    def label_texts(self) -> Iterator[str]:
        """The label of every row that has one; of multi-label files, the names of each row."""
        for good in self._rows():
            if good.label is None:
                self.unlabelled.add(good.row.line)
            else:
                self.labelled += 1
                yield from good.label if self._is_multi_label else (good.label,)

    def most_lack_labels(self) -> UserError:
        """What to say if most rows of the split have no label, most of all those of this file."""
        lacking = self.unlabelled.count
        return UserError(
            f"{self.path}: {lacking:,} of {self.labelled + lacking:,} rows have no label in "
            f"{shown.value(self._spec.label)} ({self.unlabelled.inline()}){self._its_keys()}; "
            "expected most of them to have one. Correct LABEL or the file, or leave these rows "
            "out with BAD_ROWS=drop (--bad_rows drop)."
        )

    def examples(self, labels: Labels, marks: RowMarks) -> Iterator[bytes]:
        """Every row as a serialized Example; args: marks, which collects the rows'."""
        suspicious = SuspiciousRows(self.path, functools.partial(self._looks_like_row, labels))
        for good in self._rows():
            line = good.row.line
            try:
                value = None if good.label is None else labels.value(good.label)
            except LabelError as error:
                self.bad.add(line, f"found {error}", labels.expected())
                continue
            if value is None:
                self.unlabelled.add(line)
                if not self._is_test:
                    continue
                value = labels.unlabelled
            elif value != records.UNLABELLED:
                self._has_values = True
            is_blank = suspicious.look(good.row, good.texts)
            self.lines.append(line)
            if self.ids is not None:
                self.ids.append(good.id)
            texts = list(map(str.encode, good.texts))
            marks.add(texts, labels.mark(value), is_blank, good.group)
            yield _example(texts, value, is_regression=labels.names is None)
        self._warnings = suspicious.warnings()

    def unlabelled_examples(self) -> int:
        """How many examples have no label. Scores that are all -1 say that there are none."""
        if not self._is_test:
            return 0
        return self.unlabelled.count if self._has_values else len(self.lines)

    def unlabelled_left_out(self) -> int:
        """How many rows were left out for lack of a label."""
        return 0 if self._is_test else self.unlabelled.count

    def report(self) -> str:
        """Lines on what was read."""
        parts = [f"{self._split}: {len(self.lines):,} rows of {self.path}", *self._about_labels()]
        if self.bad:
            parts.append(f"{self.bad.counted('bad ')} dropped ({self.bad.inline_with_problems()})")
        return "\n".join([", ".join(parts), *self._warnings])

    def _about_labels(self) -> Iterator[str]:
        unlabelled = self.unlabelled_examples()
        if self.lines and unlabelled == len(self.lines):
            why = "" if self._has_labels else f" (no column {shown.value(self._spec.label)})"
            yield f"without labels{why}"
        elif self.unlabelled:
            left_out = "" if self._is_test else " left out"
            rows = self.unlabelled
            yield f"{rows.counted()} without a label{left_out} ({rows.inline()})"

    def _looks_like_row(self, labels: Labels, line: str) -> bool:
        """Whether a line of a text is as long as the header and has a label where it should be."""
        fields = line.rstrip("\r").split(self._spec.form.delimiter or ",")
        if not self._has_labels or len(fields) != len(self._header):
            return False
        return labels.is_one(fields[self._header.index(self._spec.label)])

    def _its_keys(self) -> str:
        if self._spec.label in self._header:
            return ""
        return f"; the keys of the first row are: {shown.listed(map(shown.plain, self._header))}"

    def _rows(self) -> Iterator[_GoodRow]:
        self.bad, self.unlabelled = NotedRows(), NotedRows()
        for row in table_files.read(self.path, self._columns, (self._spec.label,), self._spec.form):
            if isinstance(row, BadRow):
                self.bad.add(row.line, row.problem, "a row like the others")
                continue
            try:
                yield self._good(row)
            except IdError as error:
                expected = f"a text or a whole number in {shown.value(self._spec.id)}"
                self.bad.add(row.line, f"found {error}", expected)
            except GroupError as error:
                self.bad.add(row.line, f"found {error}", f"one in {shown.value(self._group)}")
            except ValueError as error:
                self.bad.add(row.line, f"found {error}", "a text and a label")

    def _good(self, row: Row) -> _GoodRow:
        """Raises IdError or another ValueError if a value is not what its column holds."""
        values = row.values
        return _GoodRow(
            row,
            self._label_of(values[self._label_at]) if self._has_labels else None,
            self._texts.of(values),
            user_ids.required(values[self._id_at]) if self._spec.id else None,
            _group_of(values[-1]) if self._group else None,
        )


def _group_of(value) -> str:
    text = "" if value is None or value != value else str(value).strip()  # pandas writes NaN
    if not text:
        raise GroupError("no group")
    return text


@functools.lru_cache(maxsize=2**10)
def _class_entry(*values: int) -> bytes:
    return example_bytes.int64_entry(LABEL, b"".join(map(example_bytes.varint, values)))


def _example(texts: "list[bytes]", label, is_regression: bool) -> bytes:
    if is_regression:
        entry = example_bytes.float_entry(LABEL, np.array(label, "<f4").tobytes())
    else:
        entry = _class_entry(*label) if isinstance(label, tuple) else _class_entry(label)
    return example_bytes.example(entry, *map(example_bytes.bytes_entry, TEXT_FEATURES, texts))
