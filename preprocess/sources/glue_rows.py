"""The rows of an official GLUE file, as TFDS' builder splits and checks them, with line numbers.

TFDS reads with universal newlines and csv's QUOTE_NONE: every line feed or carriage return ends a
row, a tab always ends a field. Row numbers (TFDS' `idx`) count the rows after the header.
"""

import csv
import os
from dataclasses import dataclass, field
from typing import Iterator

from preprocess.sources.user_labels import score
from shared import records
from shared.errors import UserError
from shared.tasks import Task

_BOM = "\ufeff"
_MAX_FIELD_CHARS = 131072  # the limit of Python's csv module, which TFDS does not change
_COLA_COLUMNS = ["source", "is_acceptable", "mark", "sentence"]  # in its files without a header
# The diagnostic data with its annotations has other names than AX.tsv.
_RENAMED = {"Premise": "sentence1", "Hypothesis": "sentence2", "Label": "label"}
_MRPC_COLUMNS = ("#1 String", "#2 String", "#1 ID", "#2 ID")


@dataclass(frozen=True)
class Layout:
    """What TFDS expects of a file.

    Attributes:
      texts: names of the columns that every row needs.
      label: name of the label column.
      labels: the label's values; None for scores.
      columns: the columns of a file without a header; None if the first line names them.
      is_test: whether labels must not be used.
      stops_at_short_rows: whether TFDS fails at a short row; otherwise it skips the row.
      has_bom: true for MRPC's training file, whose first three bytes TFDS skips unread.
    """

    texts: tuple
    label: str
    labels: "tuple | None"
    columns: "list | None" = None
    is_test: bool = False
    stops_at_short_rows: bool = False
    has_bom: bool = False


@dataclass
class GlueFile:
    """A file that TFDS will read without an error.

    Attributes:
      path: of the file.
      lines: the line of each row, by row number.
      has_unused_labels: whether it is a test file with labels.
    """

    path: str
    layout: Layout
    header: "list[str]" = field(default_factory=list)
    lines: "list[int]" = field(default_factory=list)

    @property
    def has_unused_labels(self) -> bool:
        return self.layout.is_test and self.layout.label in self.header

    def lay_out(self, path: str) -> None:
        """Puts the file at `path` as TFDS must see it: as a link, or with another first line."""
        wanted = _BOM if self.layout.has_bom else ""
        columns = [
            "unused" if self.has_unused_labels and name == self.layout.label else name
            for name in self.header
        ]
        with open(self.path, encoding="utf-8", newline="") as file:
            first = file.readline()
            if self.layout.columns or first.rstrip("\r\n") == wanted + "\t".join(columns):
                os.symlink(os.path.abspath(self.path), path)
                return
            with open(path, "w", encoding="utf-8", newline="") as copy:
                copy.write(wanted + "\t".join(columns) + "\n")
                for line in file:
                    copy.write(line)

    def lost_lines(self, kept: set) -> "tuple[list[int], list[int]]":
        """The lines that yielded no example, and those of which only a part did.

        Args: kept, the numbers of the rows that became examples.
        """
        rows, kept_rows = {}, {}
        for number, line in enumerate(self.lines):
            rows[line] = rows.get(line, 0) + 1
            kept_rows[line] = kept_rows.get(line, 0) + (number in kept)
        lost = [line for line in rows if not kept_rows[line]]
        return lost, [line for line in rows if kept_rows[line] > 0 and rows[line] > 1]


def layout(task: Task, name: str, config) -> Layout:
    """Args: name, TFDS' name of the file; config, TFDS' builder config of the task."""
    is_test = "test" in name or task.splits == ("test",)
    labels = None
    if not task.is_regression:
        labels = (*config.label_classes, *map(str, range(len(task.label_names))))
    if name == "mrpc_dev_ids.tsv":
        ids = ["#1 ID", "#2 ID"]
        return Layout((), "", None, columns=ids, is_test=True, stops_at_short_rows=True)
    if task.name == "mrpc":
        has_bom = name.startswith("msr") and not is_test
        return Layout(
            _MRPC_COLUMNS, "Quality", labels,
            is_test=is_test, stops_at_short_rows=True, has_bom=has_bom,
        )  # fmt: skip
    texts = tuple(config.text_features.values())
    if task.name == "cola" and not is_test:
        return Layout(
            texts, config.label_column, labels, columns=_COLA_COLUMNS, stops_at_short_rows=True
        )
    return Layout(texts, config.label_column or "label", labels, is_test=is_test)


def check(path: str, expected: Layout) -> GlueFile:
    """Reads the file once.

    Raises:
      UserError: TFDS' builder would stop at it, or the file has no rows.
    """
    file = GlueFile(path, expected)
    rows = _rows(path, skips_blank=not expected.columns)
    file.header = expected.columns or next(rows, (0, []))[1]
    if set(_RENAMED) <= set(file.header):
        file.header = [_RENAMED.get(name, name) for name in file.header]
    needed = expected.texts if expected.is_test else (*expected.texts, expected.label)
    missing = [name for name in needed if name not in file.header]
    if missing:
        raise UserError(
            f"{path} line 1: its columns are {', '.join(file.header)}, expected "
            f"{', '.join(missing)} among them; use the file from GLUE's archive"
        )
    for line, fields in rows:
        problem = _problem(fields, file)
        if problem:
            raise UserError(f"{path} line {line}: {problem}; correct or remove the line")
        file.lines.append(line)
    if not file.lines:
        raise UserError(f"{path} has no rows; use the file from GLUE's archive")
    return file


def mrpc_examples(path: str, is_test: bool) -> "Iterator[tuple[int, dict]]":
    """The rows of a split of MRPC, as TFDS' builder yields those of the originals."""
    with open(path, encoding="utf-8-sig") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        for number, row in enumerate(rows):
            yield (
                number,
                {
                    "sentence1": row["#1 String"],
                    "sentence2": row["#2 String"],
                    "label": -1 if is_test else int(row["Quality"]),
                    "idx": number,
                },
            )


def _problem(fields: list, file: GlueFile) -> "str | None":
    """What TFDS' builder would stop at; it skips a row that lacks a text or a class."""
    expected = file.layout
    if max(map(len, fields)) > _MAX_FIELD_CHARS:
        return f"a field of more than {_MAX_FIELD_CHARS:,} characters, which TFDS cannot read"
    if expected.stops_at_short_rows and len(fields) < len(file.header):
        return f"{len(fields)} fields, expected {len(file.header)}"
    if expected.is_test:
        return None
    at = file.header.index(expected.label)
    return _label_problem(fields[at] if at < len(fields) else "", expected)


def _label_problem(label: str, expected: Layout) -> "str | None":
    if expected.labels is not None:
        known = ", ".join(expected.labels)
        fits = not label or label in expected.labels
        return None if fits else f"the label {label!r}, expected one of {known}"
    expected_score = "expected a finite number other than -1, which means no label"
    try:
        value = score(label)
    except ValueError as error:
        return f"found {error}; {expected_score}"
    return f"found the score {label}; {expected_score}" if value == records.UNLABELLED else None


def _rows(path: str, skips_blank: bool) -> "Iterator[tuple[int, list[str]]]":
    """(line, fields) of every row."""
    with open(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                text = line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise UserError(
                    f"{path} line {number}: not UTF-8 (byte 0x{line[error.start]:02x} at byte "
                    f"{error.start + 1}); save the file as UTF-8"
                ) from None
            if number == 1:
                text = text.removeprefix(_BOM)
            for row in text.removesuffix("\n").removesuffix("\r").split("\r"):
                if row or not skips_blank:
                    yield number, row.split("\t")
