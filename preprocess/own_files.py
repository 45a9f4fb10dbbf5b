"""A user's own files: checked row by row, and laid down as the rows that workers read."""

import os
from typing import Iterator

import numpy as np

from preprocess import table_files, tfrecord, wire
from preprocess.own_labels import LabelError, Labels, ReservedScoreError, text_of
from preprocess.own_spec import OwnSpec
from preprocess.rows import LABEL, RowFile, Rows
from preprocess.table_files import BadRow
from shared import records, tasks
from shared.errors import UserError
from shared.files import sha256_of

_TEXT_FEATURES = ("text_a", "text_b")
_ROWS_PER_WRITE = 4096
_NO_ROW = "holds no row that can be read; expected at least one"


class OwnFiles:
    """The files of an OwnSpec; see preprocess/tfds_dataset.py for its sibling."""

    def __init__(self, spec: OwnSpec):
        self._spec = spec
        self.text_columns = spec.text

    def describe(self) -> dict:
        """What the manifest says of the source: columns, and each file's size and sha256."""
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
        """Writes <folder>/<split>.rows and says what they hold.

        Raises:
          UserError: the first row that cannot be read, unless bad rows are dropped.
        """
        tables = {split: _Table(self._spec, split, path) for split, path in self._spec.files}
        labels = _labels_of(tables[tasks.TRAIN])
        files, dropped = {}, {}
        for split, table in tables.items():
            path = os.path.join(folder, split + ".rows")
            files[split] = (RowFile(path, _write(path, table.examples(labels))),)
            dropped[split] = len(table.dropped)
            print(table.report(split, files[split][0].rows))
        return Rows(
            task=tasks.own(self._spec.task, self._spec.text, labels.names, tuple(files)),
            text_features=_TEXT_FEATURES[: len(self._spec.text)],
            files=files,
            dropped=dropped,
            advice="run this again",
        )


def _labels_of(train: "_Table") -> Labels:
    labels = Labels(train.label_texts())
    if labels.names == ():
        raise UserError(f"{train.path} {_NO_ROW}")
    if labels.names is None:
        print(f"{train.path}: the labels are decimal numbers, so this is regression on scores")
    elif len(labels.names) == 1:
        raise UserError(
            f"{train.path}: every row has the label {', '.join(labels.names)!r}; expected at "
            "least two classes"
        )
    return labels


class _Table:
    """One of the files.

    Attributes:
      path: the file.
      dropped: {line: what is wrong} of the rows that were left out.
    """

    def __init__(self, spec: OwnSpec, split: str, path: str):
        """Raises UserError where a column is missing; only test data may lack labels."""
        self.path = path
        self.dropped = {}
        self._spec = spec
        columns = [*spec.text, spec.label]
        is_test = not split.startswith((tasks.TRAIN, tasks.VALIDATION))
        self._is_labelled = not (is_test and spec.label not in table_files.columns(path))
        self._columns = columns if self._is_labelled else columns[:-1]
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
        """A line on what was read; raises UserError where nothing is left."""
        if not rows:
            raise UserError(f"{self.path} {_NO_ROW}")
        text = f"{split}: {rows:,} rows of {self.path}"
        if self.dropped:
            first = ", ".join(f"line {line}: {problem}" for line, problem in self._first_dropped())
            text += f", {len(self.dropped):,} bad rows dropped ({first})"
        return text

    def _first_dropped(self):
        return list(self.dropped.items())[:3]

    def _rows(self) -> "Iterator[tuple[int, str | None, list[bytes]]]":
        """(line, label as text or None, texts as UTF-8) of every good row."""
        for row in table_files.read(self.path, self._columns):
            if isinstance(row, BadRow):
                self._bad(row.line, row.problem, "a row like the others")
                continue
            texts = row.values[: len(self._spec.text)]
            try:
                label = text_of(row.values[-1]) if self._is_labelled else None
                encoded = [_utf8(text) for text in texts]
            except ValueError as error:
                self._bad(row.line, f"found {error}", "a text and a label")
                continue
            yield row.line, label, encoded

    def _bad(self, line: int, problem: str, expected: str) -> None:
        if not self._spec.drops_bad_rows:
            raise UserError(
                f"{self.path} line {line}: {problem}; expected {expected}. Correct the row, or "
                "leave out all such rows with BAD_ROWS=drop (--bad_rows drop)."
            )
        self.dropped[line] = problem


def _utf8(text) -> bytes:
    if not isinstance(text, str):
        raise ValueError(f"the text {text!r}")
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:  # JSON may escape half of a surrogate pair
        raise ValueError(f"the text {text[:40]!r} with half a character") from None


def _example(texts: "list[bytes]", label, is_regression: bool) -> bytes:
    if is_regression:
        entry = wire.float_entry(LABEL, np.array(label, "<f4").tobytes())
    else:
        entry = wire.int64_entry(LABEL, wire.varint(label))
    named = zip(_TEXT_FEATURES, texts, strict=False)
    return wire.example(entry, *(wire.bytes_entry(name, text) for name, text in named))


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
