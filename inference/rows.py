"""The examples of a file or of standard input, with where each stands."""

import sys
from dataclasses import dataclass, field
from typing import Any, Iterable, Iterator, Optional

import numpy as np

from inference.model_folder import ModelFolder
from preprocess.sources import (
    file_format,
    label_sets,
    noted_rows,
    table_files,
    user_ids,
    user_labels,
)
from preprocess.sources.file_form import FileForm
from preprocess.sources.noted_rows import NotedRows
from preprocess.sources.table_rows import BadRow
from preprocess.sources.text_columns import TextColumns, TextError
from shared import records, shown
from shared.errors import UserError
from train.scoring import answers
from train.scoring.answer_files import GIVEN_LABEL, GIVEN_LABELS, GIVEN_SCORE, ID

STANDARD_INPUT = "-"


@dataclass(frozen=True)
class Row:
    """An example.

    Attributes:
      line: from 1, on which it begins; in Parquet, the number of the row.
      texts: one or two.
      known: {ID, GIVEN_LABEL, GIVEN_LABELS or GIVEN_SCORE: value, or None where the row has none}.
    """

    line: int
    texts: "tuple[str, ...]"
    known: "dict[str, Any]" = field(default_factory=dict)


@dataclass(frozen=True)
class Examples:
    """All of them; `total`, how many, or None if that is unknown."""

    rows: Iterable[Row]
    total: Optional[int]


def of_file(path: str, folder: ModelFolder, form: FileForm) -> Examples:
    """The rows of a CSV, TSV or JSONL file, plain or .gz, or of a Parquet file.

    The file is read once beforehand, so that a mistake on its last line is found at once, and all
    rows know the same: an id, if some row has one, and a label.

    Raises:
      UserError: it cannot be read, lacks a column, or has rows without a text; the first of them
        are listed.
    """
    reader, keys, total = _Reader(path, folder, form), set(), 0
    for row in reader.rows():
        keys |= {key for key, value in row.known.items() if not _is_none(key, value)}
        total += 1
    if reader.bad:
        raise UserError(_refusal(path, reader.bad))
    return Examples(reader.rows(keys), total)


def _is_none(key: str, value) -> bool:
    """Whether it says nothing; a file whose scores are all -1 has none."""
    return value is None or (key == GIVEN_SCORE and value == records.UNLABELLED)


def of_standard_input(columns: "tuple[str, ...]") -> Iterator[Row]:
    """One example a line: its text or, for pairs, both with a tab between them.

    Raises:
      UserError: a line of a pair has no tab or several, or is not UTF-8.
    """
    if sys.stdin.buffer.isatty():
        what = "one text" if len(columns) == 1 else f"{len(columns)} texts with a tab between them,"
        print(f"{what} a line; Ctrl-D ends", file=sys.stderr)
    for line, content in enumerate(sys.stdin.buffer, start=1):
        try:
            text = content.decode("utf-8").removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError as error:
            raise UserError(f"standard input line {line}: not UTF-8 ({error.reason})") from None
        texts = tuple(text.split("\t")) if len(columns) > 1 else (text,)
        if len(texts) != len(columns):
            raise UserError(
                f"standard input line {line} is {shown.value(text)}; expected {len(columns)} texts "
                f"({', '.join(columns)}) with a tab between them"
            )
        yield Row(line, texts)


class _Reader:
    """Reads a file's rows; attributes: bad, those that cannot be read."""

    def __init__(self, path: str, folder: ModelFolder, form: FileForm):
        """Raises UserError if the file lacks a text column."""
        self._path, self._form, self._names = path, form, folder.label_names
        self._is_multi_label = folder.thresholds is not None
        self.bad = NotedRows()
        header = table_files.columns(path, form)
        self._texts = TextColumns(folder.text_columns, header)
        wanted = {ID: folder.id_column, self._given_key(): folder.label_column}
        found = {key: name for key, name in wanted.items() if name and self._may_have(name, header)}
        self._keys, self._more = tuple(found), tuple(found.values())
        self._columns = [*self._texts.columns, *self._more]
        table_files.check_columns(path, self._columns, form)

    def _given_key(self) -> str:
        if self._is_multi_label:
            return GIVEN_LABELS
        return GIVEN_SCORE if self._names is None else GIVEN_LABEL

    def _may_have(self, column: str, header: "list[str]") -> bool:
        return column in header or file_format.is_jsonl(self._path)

    def rows(self, keys: "Iterable[str] | None" = None) -> Iterator[Row]:
        """The rows whose values are right; the others go to `bad`; args: keys of `known` (all)."""
        self.bad = NotedRows()
        wanted = set(self._keys if keys is None else keys)
        for row in table_files.read(self._path, self._columns, self._more, self._form):
            if isinstance(row, BadRow):
                self.bad.add(row.line, row.problem)
                continue
            try:
                known = self._known(row.values[len(self._texts.columns) :])
                texts = tuple(self._texts.of(row.values))
            except TextError as error:
                self.bad.add(row.line, f"found {error}, expected a text")
                continue
            except ValueError as error:
                self.bad.add(row.line, f"found {error}")
                continue
            yield Row(row.line, texts, {key: known[key] for key in self._keys if key in wanted})

    def _known(self, values: tuple) -> "dict[str, Any]":
        read = {
            ID: user_ids.text_of,
            GIVEN_LABEL: self._label,
            GIVEN_LABELS: self._labels,
            GIVEN_SCORE: _score,
        }
        return {key: read[key](value) for key, value in zip(self._keys, values, strict=True)}

    def _label(self, value) -> Optional[str]:
        """As it is written, known to the model or not; -1 is none, unless it is a class."""
        text = user_labels.text_of(value)
        is_none = text is not None and user_labels.is_none(text) and text not in self._names
        return None if is_none else text

    def _labels(self, value) -> "Optional[list[str]]":
        """As `_label`, of several classes a row."""
        names = label_sets.names_of(value)
        if names is None or (len(names) == 1 and self._label(*names) is None):
            return None
        return list(names)


def _score(value) -> Optional[float]:
    text = user_labels.text_of(value)
    return None if text is None else answers.shortest(np.float32(user_labels.score(text)))


def _refusal(path: str, bad: NotedRows) -> str:
    lines = noted_rows.listed([(path, bad)])
    return "\n  ".join([f"{bad.counted('bad ')}:", *lines]) + "\nCorrect or remove them."
