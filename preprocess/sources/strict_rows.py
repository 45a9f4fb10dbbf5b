"""Rows of a CSV, TSV or JSONL file one by one, with the line on which each begins.

A byte-order mark (also within, where files were joined) and CRLF are accepted. A blank line is
skipped, except in a CSV or TSV file of one column: there it is a row with an empty value. Only a
line feed ends a line, so a lone carriage return never splits a row unnoticed.
"""

import csv
import functools
import io
import json
import os
import zlib
from typing import Iterator

from preprocess.sources import file_format, file_kind, table_blocks
from preprocess.sources.file_form import FileForm
from preprocess.sources.table_rows import BOM, BadRow, Block, Row, Selection
from shared import shown
from shared.errors import UserError

_MAX_FIELD_CHARS = 2**31 - 1  # the csv module's default of 131,072 would reject long documents


def of_block(block: Block, selection: Selection) -> "Iterator[Row | BadRow]":
    """Those of a block, each with the wanted columns."""
    path, form = selection.path, selection.form
    lines = Lines(io.BytesIO(block.content), path, block.first - 1)
    of_lines = rows(path, lines, form, len(selection.header))
    if file_format.is_jsonl(path):
        yield from (_json_row(row, selection.names, selection.optional) for row in of_lines)
    else:
        header, positions = selection.header, selection.positions
        yield from (_table_row(row, header, positions) for row in of_lines)


def rows(path: str, lines: "Lines", form: FileForm, width: int = 0) -> "Iterator[Row | BadRow]":
    """All rows of some lines; `values` are all fields, or in JSONL the object.

    Args: width, columns of the header; 0 if it is the first row.
    """
    read_format = _READERS[file_format.of(path)]
    try:
        for row in read_format(path, lines, form, width):
            problem = lines.problem_since(row.line)
            yield BadRow(row.line, problem) if problem else row
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(table_blocks.cannot_be_read(path, lines.number, error)) from None


def _table_row(
    row: "Row | BadRow", header: "tuple[str, ...]", positions: "list[int]"
) -> "Row | BadRow":
    if isinstance(row, BadRow):
        return row
    if row.values == header:
        return BadRow(row.line, "the line of column names again, as where files were joined")
    if len(row.values) != len(header):
        alone = f": {shown.value(row.values[0])}" if len(row.values) == 1 else ""
        return BadRow(row.line, f"{len(row.values)} fields, the header has {len(header)}{alone}")
    return Row(row.line, tuple(row.values[at] for at in positions), row.broken)


def _json_row(
    row: "Row | BadRow", names: "list[str]", optional: "tuple[str, ...]"
) -> "Row | BadRow":
    if isinstance(row, BadRow):
        return row
    missing = [name for name in names if name not in row.values and name not in optional]
    if missing:
        keys = shown.listed(map(shown.plain, row.values))
        return BadRow(row.line, f"no key {shown.value(missing[0])}; its keys are: {keys}")
    return Row(row.line, tuple(map(row.values.get, names)))


class Lines:
    """Decoded lines, their number, and the last line that was not UTF-8."""

    def __init__(self, raw: "Iterator[bytes]", path: str, number: int = 0):
        """Args: raw, the lines in UTF-8; number, how many lines are before them."""
        self.raw = raw
        self._path = path
        self.number = number
        self._undecodable = 0  # the number of such a line
        self._problem = ""

    def __iter__(self):
        return self

    def __next__(self) -> str:
        line = next(self.raw)
        self.number += 1
        try:
            return line.removeprefix(BOM).decode("utf-8")
        except UnicodeDecodeError as error:
            if not self._undecodable:
                _check_is_utf8(self._path, os.stat(self._path).st_mtime_ns)
            self._undecodable = self.number
            self._problem = (
                f"not UTF-8: byte 0x{error.object[error.start]:02x} at byte {error.start + 1}"
            )
            return table_blocks.text_of(line)

    def problem_since(self, number: int) -> "str | None":
        """What is wrong with the lines from this number on."""
        return self._problem if self._undecodable >= number else None


@functools.lru_cache  # a fact of the whole file, asked for in every block that has such a line
def _check_is_utf8(path: str, _modified: int) -> None:
    with file_format.opened(path) as whole:
        file_kind.check_is_utf8(path, whole)


def lines_of(file, path: str, form: FileForm) -> Lines:
    """All lines of a file."""
    return Lines(file if form.encoding is None else _transcoded(file, path, form.encoding), path)


def _transcoded(file, path: str, encoding: str) -> Iterator[bytes]:
    """The lines in UTF-8."""
    try:
        for line in io.TextIOWrapper(file, encoding, newline="\n"):
            yield line.encode("utf-8")
    except UnicodeError as error:
        reason = getattr(error, "reason", error)
        raise UserError(
            f"{path} is not {encoding}: {reason}; correct encoding (--encoding)"
        ) from None


def _csv_rows(path: str, lines: Lines, form: FileForm, width: int) -> "Iterator[Row | BadRow]":
    csv.field_size_limit(_MAX_FIELD_CHARS)
    reader = csv.reader(lines, strict=True, delimiter=form.delimiter or ",")
    while True:
        start = lines.number + 1
        try:
            fields = next(reader, None)
        except csv.Error as error:
            if table_blocks.NEVER_CLOSED in str(error):
                raise UserError(
                    f"{path} line {start}: a quoted field begins in this row and is never closed "
                    f"(the file ends at line {lines.number}); close the quote, or double it"
                ) from None
            if lines.number > start:  # it may hold good rows, which must not be dropped with it
                raise UserError(
                    f"{path} line {start}: a quoted field begins in this row and is malformed on "
                    f"line {lines.number} ({error}); double the quotes inside fields"
                ) from None
            problem = "a carriage return outside of quotes" if "new-line" in str(error) else error
            yield BadRow(start, f"not RFC 4180: {problem}")
            continue
        if fields is None:
            return
        if fields or width == 1:
            is_one_line = lines.number == start
            broken = () if is_one_line else tuple(value for value in fields if "\n" in value)
            yield Row(start, tuple(fields) or ("",), broken)
            width = width or len(fields)


def _tsv_rows(_path: str, lines: Lines, _form: FileForm, width: int) -> "Iterator[Row | BadRow]":
    for line in lines:
        fields = line.removesuffix("\n").removesuffix("\r").split("\t")
        if fields != [""] or width == 1:
            yield Row(lines.number, tuple(fields))
            width = width or len(fields)


def _jsonl_rows(_path: str, lines: Lines, _form: FileForm, _width: int) -> "Iterator[Row | BadRow]":
    for line in lines:
        if not line.rstrip("\r\n"):
            continue
        try:
            value = json.loads(line)
            if "\\u" in line:
                json.dumps(value, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            yield BadRow(lines.number, "an escape for half a surrogate pair")
            continue
        except (ValueError, RecursionError) as error:
            yield BadRow(lines.number, f"not JSON ({error})")
            continue
        is_object = isinstance(value, dict)
        yield Row(lines.number, value) if is_object else BadRow(lines.number, "not a JSON object")


_READERS = {
    file_format.CSV: _csv_rows,
    file_format.TSV: _tsv_rows,
    file_format.JSONL: _jsonl_rows,
}
