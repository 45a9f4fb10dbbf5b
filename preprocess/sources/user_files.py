"""A user's own files: checked row by row, and stored as the rows that workers read."""

import copy
import os
from typing import Iterator

import numpy as np

from preprocess.formats import example_bytes, tfrecord
from preprocess.sources import table_files
from preprocess.sources.rows import LABEL, RowFile, Rows
from preprocess.sources.table_files import BadRow
from preprocess.sources.user_labels import LabelError, Labels, ReservedScoreError, text_of
from preprocess.sources.user_spec import UserSpec
from shared import records, tasks
from shared.errors import UserError
from shared.files import sha256_of

_TEXT_FEATURES = ("text_a", "text_b")
_ROWS_PER_WRITE = 4096
_NO_ROW = "has no readable row; expected at least one"


class UserFiles:
    """The files of a UserSpec; TfdsDataset in tfds_dataset.py is the same for GLUE."""

    def __init__(self, spec: UserSpec):
        self._spec = spec
        self._described = None
        self.text_columns = spec.text

    def describe(self) -> dict:
        """The manifest's entry for the source: columns, and each file's size and sha256.

        It is determined once, before the rows are read: the files may change later.
        """
        if self._described is None:
            self._described = self._describe()
        return copy.deepcopy(self._described)

    def _describe(self) -> dict:
        splits = {
            split: {
                "file": os.path.basename(path),
                "bytes": os.path.getsize(path),
                "sha256": sha256_of(path),
            }
            for split, path in self._spec.files
        }
        bad_rows = "dropped" if self._spec.drops_bad_rows else "refused"
        return {"name": "files", "label": self._spec.label, "bad_rows": bad_rows, "splits": splits}

    def rows(self, folder: str) -> Rows:
        """Writes <folder>/<split>.rows and describes them.

        Raises:
          UserError: the first row that cannot be read, unless bad rows are dropped; or a file
            changes while it is read.
        """
        self.describe()
        tables = {split: _Table(self._spec, split, path) for split, path in self._spec.files}
        labels = _labels_of(tables[tasks.TRAIN_SPLIT])
        files, dropped = {}, {}
        for split, table in tables.items():
            path = os.path.join(folder, split + ".rows")
            files[split] = (RowFile(path, _write(path, table.examples(labels))),)
            dropped[split] = len(table.dropped)
            print(table.report(split, files[split][0].rows))
        if self._describe() != self.describe():
            names = ", ".join(path for _, path in self._spec.files)
            raise UserError(f"one of {names} changed while being read; run this again")
        return Rows(
            task=tasks.own(self._spec.task, self._spec.text, labels.names, tuple(files)),
            text_features=_TEXT_FEATURES[: len(self._spec.text)],
            files=files,
            dropped=dropped,
            number_feature=None,
            advice="run this again",
        )


def _labels_of(train: "_Table") -> Labels:
    try:
        labels = Labels(train.label_texts())
    except LabelError as error:
        raise UserError(
            f"{train.path}: found {error}; expected only scores, or classes that do not look like "
            "decimal numbers"
        ) from None
    if labels.names is None:
        print(f"{train.path}: the labels are decimal numbers, so this is regression on scores")
        return labels
    if not labels.names:
        raise UserError(f"{train.path} {_NO_ROW}")
    if len(labels.names) == 1:
        raise UserError(
            f"{train.path}: every row has the label {labels.names[0]!r}; expected at least two "
            "classes"
        )
    print(f"{train.path}: {len(labels.names):,} classes, {labels.shown()}")
    return labels


class _Table:
    """One of the files.

    Attributes:
      path: the file.
      dropped: {line: what is wrong} of the rows that were left out.
    """

    def __init__(self, spec: UserSpec, split: str, path: str):
        """Raises UserError if a column is missing; only test data may lack labels."""
        self.path = path
        self.dropped = {}
        self._spec = spec
        self._is_test = tasks.is_test(split)
        self._is_labelled = not self._is_test or spec.label in table_files.columns(path)
        self._columns = [*spec.text, *([spec.label] if self._is_labelled else [])]
        table_files.check_columns(path, self._columns)

    def label_texts(self) -> Iterator[str]:
        """The label of every row."""
        for _line, label, _texts in self._rows():
            yield label

    def examples(self, labels: Labels) -> Iterator[bytes]:
        """Every row as a serialized Example."""
        for line, label, texts in self._rows():
            if label is None:
                value = records.UNLABELLED
            else:
                try:
                    value = labels.value(label)
                except LabelError as error:
                    self._bad(line, f"found {error}", labels.expected())
                    continue
                except ReservedScoreError as error:
                    raise UserError(f"{self.path} line {line}: {error}") from None
            yield _example(texts, value, is_regression=labels.names is None)

    def report(self, split: str, rows: int) -> str:
        """A line on what was read; raises UserError if no row is left."""
        if not rows:
            raise UserError(f"{self.path} {_NO_ROW}")
        text = f"{split}: {rows:,} rows of {self.path}"
        if not self._is_labelled:
            text += f", without labels (no column {self._spec.label!r})"
        if self.dropped:
            first = ", ".join(f"line {line}: {problem}" for line, problem in self._first_dropped())
            text += f", {len(self.dropped):,} bad rows dropped ({first})"
        return text

    def _first_dropped(self):
        return list(self.dropped.items())[:3]

    def _rows(self) -> "Iterator[tuple[int, str | None, list[bytes]]]":
        """(line, label as text or None, texts as UTF-8) of every good row."""
        absent = "" if self._is_labelled else self._spec.label
        for row in table_files.read(self.path, self._columns, absent):
            if isinstance(row, BadRow):
                self._bad(row.line, row.problem, "a row like the others")
                continue
            texts = row.values[: len(self._spec.text)]
            try:
                label = self._label(row.values[-1])
                encoded = [_utf8(text) for text in texts]
            except ValueError as error:
                self._bad(row.line, f"found {error}", "a text and a label")
                continue
            yield row.line, label, encoded

    def _label(self, value) -> "str | None":
        """The label as text; None in test data if it is blank or its column is missing."""
        if not self._is_labelled or (self._is_test and value in (None, "")):
            return None
        return text_of(value)

    def _bad(self, line: int, problem: str, expected: str) -> None:
        if not self._spec.drops_bad_rows:
            raise UserError(
                f"{self.path} line {line}: {problem}; expected {expected}. Correct the row, or "
                "skip all such rows with BAD_ROWS=drop (--bad_rows drop)."
            )
        self.dropped[line] = problem


def _utf8(text) -> bytes:
    if not isinstance(text, str):
        raise ValueError(f"the text {text!r}")
    return text.encode("utf-8")


def _example(texts: "list[bytes]", label, is_regression: bool) -> bytes:
    if is_regression:
        entry = example_bytes.float_entry(LABEL, np.array(label, "<f4").tobytes())
    else:
        entry = example_bytes.int64_entry(LABEL, example_bytes.varint(label))
    named = zip(_TEXT_FEATURES, texts, strict=False)
    return example_bytes.example(
        entry, *(example_bytes.bytes_entry(name, text) for name, text in named)
    )


def _write(path: str, examples: Iterator[bytes]) -> int:
    """Writes a TFRecord file; returns how many records."""
    count, waiting = 0, []
    with open(path, "wb") as file:
        for example in examples:
            waiting.append(example)
            count += 1
            if len(waiting) == _ROWS_PER_WRITE:
                file.write(tfrecord.frame(waiting))
                waiting = []
        file.write(tfrecord.frame(waiting))
    return count
