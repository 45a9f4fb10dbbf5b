"""What is in a CSV, TSV, JSONL or Parquet file (file_format.py): its columns and rows.

CSV and TSV begin with a line of column names.
"""

import itertools
from typing import Iterable, Iterator

from preprocess.sources import (
    clean_rows,
    column_check,
    file_format,
    file_kind,
    parquet_file,
    strict_rows,
    table_blocks,
)
from preprocess.sources.file_form import FileForm
from preprocess.sources.table_rows import BadRow, Block, Columns, Row, Selection
from shared.errors import UserError

UTF8 = FileForm()
_SAMPLE_ROWS = 200


def columns(path: str, form: FileForm = UTF8) -> "list[str]":
    """The column names: from the first line, or in JSONL the keys of the first object.

    Raises:
      UserError: the file cannot be read, is not what its name says, is empty, or its first line is
        not a header.
    """
    if file_format.is_parquet(path):
        return parquet_file.columns(path)
    with file_format.opened(path) as file:
        file_kind.check(path, form)
        first = _first(
            strict_rows.rows(path, strict_rows.lines_of(file, path, form), form),
            skips_bad=file_format.is_jsonl(path),
        )
    if first is None:
        raise UserError(f"{path} is empty; expected {_expected_first_line(path)}")
    if isinstance(first, BadRow):
        other = _of_delimiter(path, form) if file_format.is_csv(path) else None
        expected = f"{first.problem}; expected {_expected_first_line(path)}"
        raise UserError(f"{path} {other}" if other else f"{path} line {first.line}: {expected}")
    return list(first.values)


def _expected_first_line(path: str) -> str:
    return "one JSON object a line" if file_format.is_jsonl(path) else "a line of column names"


def _of_delimiter(path: str, form: FileForm) -> "str | None":
    with file_format.opened(path) as file:
        line = next(strict_rows.lines_of(file, path, form)).rstrip("\r\n")
    return column_check.of_delimiter(path, [], [line], form.delimiter or ",")


def _first(rows: "Iterator[Row | BadRow]", skips_bad: bool) -> "Row | BadRow | None":
    """The first row; if bad ones are skipped, the first good one, if any."""
    first = next(rows, None)
    if skips_bad and isinstance(first, BadRow):
        return next((row for row in rows if isinstance(row, Row)), first)
    return first


def read(
    path: str, names: "list[str]", optional: "tuple[str, ...]" = (), form: FileForm = UTF8
) -> "Iterator[Row | BadRow]":
    """The rows in order, each with the columns of these names.

    Args:
      optional: some of them; their value is None in a JSONL row without this key.
    Raises:
      UserError: the file as a whole cannot be read: it is missing or damaged, lacks a column, or
        has a quote that is never closed, which would swallow all rows after it.
    """
    selection = Selection(path, form, tuple(names), optional, tuple(columns(path, form)))
    for block in blocks(selection):
        yield from rows(block, selection)


def blocks(selection: Selection) -> Iterator[Block]:
    """All rows, in pieces that can be read apart from each other."""
    path, form = selection.path, selection.form
    if file_format.is_parquet(path):
        yield from parquet_file.blocks(path, selection.names)
        return
    with file_format.opened(path) as file:
        lines = strict_rows.lines_of(file, path, form)
        if not file_format.is_jsonl(path):
            next(strict_rows.rows(path, lines, form))  # the line of column names
        delimiter = (form.delimiter or ",") if file_format.is_csv(path) else None
        is_plain = lines.raw is file and not path.endswith(".gz")  # damage in .gz is told by line
        left = table_blocks.of_file(file) if is_plain else lines.raw
        yield from table_blocks.cut(left, lines.number + 1, path, delimiter)


def rows(block: Block, selection: Selection) -> "Iterator[Row | BadRow]":
    """Those of a block; raises UserError as `read`."""
    if file_format.is_parquet(selection.path):
        yield from parquet_file.rows(block, selection.names)
    else:
        yield from strict_rows.of_block(block, selection)
    if block.problem:
        raise UserError(block.problem)


def clean(block: Block, selection: Selection) -> "Columns | None":
    """The rows of a block at once, equal to those of `rows`; None if some may be bad."""
    if block.problem or not block.content:
        return None
    if file_format.is_parquet(selection.path):
        return parquet_file.clean_rows(block, selection.names)
    if file_format.is_jsonl(selection.path):
        return clean_rows.of_json(block, selection)
    return clean_rows.of_table(block, selection, file_format.is_csv(selection.path))


def check_form(form: FileForm, paths: "Iterable[str]", where: str) -> None:
    """Checks that what is stated of the files has a meaning for one of them.

    Args: where, which file or option states it.
    """
    if form.delimiter and not any(map(file_format.is_csv, paths)):
        raise UserError(f"{where}: delimiter (--delimiter) is for .csv files, and none is given")
    if form.encoding and all(map(file_format.is_parquet, paths)):
        raise UserError(f"{where}: encoding (--encoding) is for text files, and Parquet is none")


def check_columns(path: str, names: "list[str]", form: FileForm = UTF8) -> None:
    """Raises UserError unless the file has each of these columns, once.

    In JSONL each row has its own keys: `read` reports rows that lack one.
    """
    header = columns(path, form)
    if file_format.is_jsonl(path):
        return
    if file_format.is_parquet(path):
        column_check.check_names(path, names, header)
        return
    with file_format.opened(path) as file:
        rows = itertools.islice(
            strict_rows.rows(path, strict_rows.lines_of(file, path, form), form), 1, _SAMPLE_ROWS
        )
        column_check.check_names(
            path, names, header, (row.values for row in rows if isinstance(row, Row))
        )


def check_not_swapped(path: str, texts: "list[str]", label: str, form: FileForm = UTF8) -> None:
    """Raises UserError if the first rows have a text in the label's column."""
    for text in texts:
        rows = itertools.islice(read(path, [text, label], form=form), _SAMPLE_ROWS)
        column_check.check_not_swapped(
            path, text, label, [row.values for row in rows if isinstance(row, Row)]
        )
