"""The examples of a file or of standard input, with where each stands."""

import sys
from dataclasses import dataclass
from typing import Iterator

from preprocess.sources import noted_rows, table_files
from preprocess.sources.file_form import FileForm
from preprocess.sources.noted_rows import NotedRows
from preprocess.sources.table_files import BadRow
from shared import shown
from shared.errors import UserError

STANDARD_INPUT = "-"


@dataclass(frozen=True)
class Row:
    """An example: `line`, from 1, on which it begins; `texts`, one or two."""

    line: int
    texts: "tuple[str, ...]"


def of_file(path: str, columns: "tuple[str, ...]", form: FileForm) -> "tuple[Iterator[Row], int]":
    """The rows of a CSV, TSV or JSONL file, plain or .gz, and how many there are.

    The file is read once beforehand, so that a mistake on its last line is found at once.

    Raises:
      UserError: it cannot be read, lacks a column, or has rows without a text; the first of them
        are listed.
    """
    table_files.check_columns(path, list(columns), form)
    bad = NotedRows()
    count = sum(1 for _ in _good(path, columns, form, bad))
    if bad:
        raise UserError(_refusal(path, bad))
    return _good(path, columns, form, bad), count


def of_standard_input(columns: "tuple[str, ...]") -> Iterator[Row]:
    """One example a line: its text or, for pairs, both with a tab between them.

    Raises:
      UserError: a line of a pair has no tab or several, or is not UTF-8.
    """
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


def _good(path, columns, form, bad: NotedRows) -> Iterator[Row]:
    """The rows whose values are texts; the others go to `bad`."""
    for row in table_files.read(path, list(columns), form=form):
        if isinstance(row, BadRow):
            bad.add(row.line, row.problem)
        elif not all(isinstance(value, str) for value in row.values):
            found = next(value for value in row.values if not isinstance(value, str))
            bad.add(row.line, f"found {shown.value(found)}, expected a text")
        else:
            yield Row(row.line, row.values)


def _refusal(path: str, bad: NotedRows) -> str:
    lines = noted_rows.listed([(path, bad)])
    return "\n  ".join([f"{bad.counted('bad ')}:", *lines]) + "\nCorrect or remove them."
