"""One file of a user's: which rows become examples, and what is said about the rest."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import compress
from typing import Iterator

import numpy as np

from preprocess.sources import file_format, label_sets, stored_rows, table_files
from preprocess.sources.good_rows import GoodRows, Problem, RowReader
from preprocess.sources.noted_rows import NotedRows
from preprocess.sources.row_marks import Marks
from preprocess.sources.stored_rows import StoredRows
from preprocess.sources.suspicious_rows import SuspiciousRows
from preprocess.sources.table_rows import Block, Selection
from preprocess.sources.text_columns import TextColumns
from preprocess.sources.user_ids import Ids
from preprocess.sources.user_labels import SEVERAL, Labels, text_of
from preprocess.sources.user_spec import UserSpec
from shared import shown, tasks
from shared.errors import UserError


@dataclass
class Noted:
    """What is noted of the rows of a block, or of all blocks so far.

    Attributes:
      bad: the rows that cannot be read.
      unlabelled: those that have no label.
      suspicious: those that look odd.
      labels: {label: rows}; of multi-label files, {class: rows}.
      labelled: how many rows have a label.
    """

    suspicious: SuspiciousRows
    bad: NotedRows = field(default_factory=NotedRows)
    unlabelled: NotedRows = field(default_factory=NotedRows)
    labels: Counter = field(default_factory=Counter)
    labelled: int = 0

    def extend(self, later: "Noted") -> None:
        self.suspicious.extend(later.suspicious)
        self.bad.extend(later.bad)
        self.unlabelled.extend(later.unlabelled)
        self.labels.update(later.labels)
        self.labelled += later.labelled


class UserTable:
    """One of the files.

    A row without a label is an example of a test split, with -1; every other split leaves it out.
    Blocks of rows are read wherever that is fast; what they give is added here, in order.

    Attributes:
      path: the file.
      noted: what is known of the rows added so far.
      examples: how many of them became examples.
      marks: of the examples, for each block.
      ids, weights: the same; none without such a column.
    """

    def __init__(self, spec: UserSpec, split: str, path: str):
        """Raises UserError if a column is missing; only test data may lack the labels'."""
        self.path = path
        self._spec, self._split = spec, split
        self._is_test = tasks.is_test(split)
        header = table_files.columns(path, spec.form)
        is_labelled = not self._is_test or spec.label in header or file_format.is_jsonl(path)
        texts = TextColumns(spec.text, header)
        is_train = split == tasks.TRAIN_SPLIT
        more = {
            "label": spec.label if is_labelled else None,
            "id": spec.id,
            "group": spec.shares.group if spec.shares and is_train else None,
            "weight": spec.weight if is_train else None,
        }
        names = (*texts.columns, *filter(None, more.values()))
        selection = Selection(path, spec.form, names, (spec.label,), tuple(header))
        self._is_multi_label = spec.labels == SEVERAL
        label_of = label_sets.names_of if self._is_multi_label else text_of
        self._reader = RowReader(selection, texts, label_of, **more)
        table_files.check_columns(path, list(names), spec.form)
        if is_train:
            table_files.check_not_swapped(path, texts.columns, spec.label, spec.form)
        self.begin()

    def begin(self) -> None:
        """Forgets all rows."""
        self.noted = Noted(SuspiciousRows(self.path))
        self.examples = 0
        self.marks: list[Marks] = []
        self.ids: list[Ids] = []
        self.weights: list[np.ndarray] = []
        self._lines = [np.zeros(0, np.int64)]
        self._has_values = False  # other than -1

    def blocks(self) -> Iterator[Block]:
        """All rows, in pieces; raises UserError if the file cannot be read."""
        return table_files.blocks(self._reader.selection)

    def read(self, block: Block) -> "tuple[GoodRows, list[Problem]]":
        """The good rows of a block, and what is wrong with its others."""
        return self._reader.read(block)

    def count_labels(self, rows: GoodRows, bad: "list[Problem]") -> Noted:
        """The labels of a block; args: what `read` gave."""
        counts = Counter(rows.labels)
        lacking = counts.pop(None, 0)
        is_lacking = [label is None for label in rows.labels] if lacking else []
        noted = self._noted(bad, list(compress(rows.lines.tolist(), is_lacking)))
        noted.labelled = counts.total()
        noted.labels = _of_each_class(counts) if self._is_multi_label else counts
        return noted

    def store(
        self, labels: Labels, rows: GoodRows, bad: "list[Problem]"
    ) -> "tuple[Noted, StoredRows]":
        """The examples of a block; args: labels, then what `read` gave."""
        rows, values, unknown, lacking = stored_rows.labelled(rows, labels, self._is_test)
        noted = self._noted(sorted(bad + unknown), lacking)

        def looks_like_row(line: str) -> bool:
            return self._looks_like_row(labels, line)

        is_drawn = self._spec.shares is not None
        return noted, stored_rows.stored(
            rows, values, labels, noted.suspicious, looks_like_row, is_drawn
        )

    def _noted(self, bad: "list[Problem]", lacking: "list[int]") -> Noted:
        noted = Noted(SuspiciousRows(self.path))
        for problem in bad:
            noted.bad.add(*problem)
        for line in lacking:
            noted.unlabelled.add(line)
        return noted

    def add(self, noted: Noted, stored: StoredRows) -> None:
        """Adds the next block's examples."""
        self.noted.extend(noted)
        self.examples += len(stored.lines)
        self.marks.append(stored.marks)
        if stored.ids is not None:
            self.ids.append(stored.ids)
        if stored.weights is not None:
            self.weights.append(stored.weights)
        self._lines.append(stored.lines)
        self._has_values |= stored.has_values

    def lines(self) -> np.ndarray:
        """The line on which the row of each example begins, int64."""
        return np.concatenate(self._lines)

    def release(self) -> None:
        """Frees the arrays of blocks, once they are joined."""
        self.marks, self.weights, self._lines = [], [], []

    def most_lack_labels(self) -> UserError:
        """What to say if most rows of the split have no label, most of all those of this file."""
        lacking, labelled = self.noted.unlabelled.count, self.noted.labelled
        return UserError(
            f"{self.path}: {lacking:,} of {labelled + lacking:,} rows have no label in "
            f"{shown.value(self._spec.label)} ({self.noted.unlabelled.inline()})"
            f"{self._its_keys()}; expected most of them to have one. Correct LABEL or the file, or "
            "leave these rows out with BAD_ROWS=drop (--bad_rows drop)."
        )

    def unlabelled_examples(self) -> int:
        """How many examples have no label. Scores that are all -1 say that there are none."""
        if not self._is_test:
            return 0
        return self.noted.unlabelled.count if self._has_values else self.examples

    def unlabelled_left_out(self) -> int:
        """How many rows were left out for lack of a label."""
        return 0 if self._is_test else self.noted.unlabelled.count

    def report(self) -> str:
        """Lines on what was read."""
        bad = self.noted.bad
        parts = [f"{self._split}: {self.examples:,} rows of {self.path}", *self._about_labels()]
        if bad:
            parts.append(f"{bad.counted('bad ')} dropped ({bad.inline_with_problems()})")
        return "\n".join([", ".join(parts), *self.noted.suspicious.warnings()])

    def _about_labels(self) -> Iterator[str]:
        rows, unlabelled = self.noted.unlabelled, self.unlabelled_examples()
        if self.examples and unlabelled == self.examples:
            column = shown.value(self._spec.label)
            yield "without labels" + ("" if self._reader.label else f" (no column {column})")
        elif rows:
            left_out = "" if self._is_test else " left out"
            yield f"{rows.counted()} without a label{left_out} ({rows.inline()})"

    def _looks_like_row(self, labels: Labels, line: str) -> bool:
        """Whether a line of a text is as long as the header and has a label where it should be."""
        header = self._reader.selection.header
        fields = line.rstrip("\r").split(self._spec.form.delimiter or ",")
        if not self._reader.label or len(fields) != len(header):
            return False
        return labels.is_one(fields[header.index(self._spec.label)])

    def _its_keys(self) -> str:
        header = self._reader.selection.header
        if self._spec.label in header:
            return ""
        return f"; the keys of the first row are: {shown.listed(map(shown.plain, header))}"


def _of_each_class(counts: "Counter[tuple[str, ...]]") -> "Counter[str]":
    """{class: rows}; args: counts, {the names of a row: rows}."""
    found: Counter = Counter()
    for names, rows in counts.items():
        found.update(dict.fromkeys(names, rows))
    return found
