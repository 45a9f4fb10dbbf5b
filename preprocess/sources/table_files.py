"""Rows of a CSV, TSV, JSONL or Parquet file, with the line on which each begins.

CSV       RFC 4180: a field in double quotes may hold commas, line breaks and doubled quotes
TSV       no quoting: a tab always ends a field, a line break always ends a row
JSONL     one JSON object a line
Parquet   no lines: the number of a row stands for them (parquet_file.py)

The first three may be .gz.

CSV and TSV begin with a line of column names. A byte-order mark (also within, where files were
joined) and CRLF are accepted. A blank line is skipped, except in a CSV or TSV file of one column:
there it is a row with an empty value. Only a line feed ends a line, so a lone carriage return never
splits a row unnoticed.
"""

import csv
import functools
import gzip
import io
import itertools
import json
import os
import zlib
from typing import Iterable, Iterator

from preprocess.sources import clean_rows, column_check, file_kind, parquet_file, table_blocks
from preprocess.sources.file_form import FileForm
from preprocess.sources.table_rows import BOM, BadRow, Block, Columns, Row, Selection
from shared import shown
from shared.errors import UserError

UTF8 = FileForm()
_PARQUET = ".parquet"
_FORMATS = (".csv", ".tsv", ".jsonl", _PARQUET)
_SAMPLE_ROWS = 200
_MAX_FIELD_CHARS = 2**31 - 1  # the csv module's default of 131,072 would reject long documents


def columns(path: str, form: FileForm = UTF8) -> "list[str]":
    """The column names: from the first line, or in JSONL the keys of the first object.

    Raises:
      UserError: the file cannot be read, is not what its name says, is empty, or its first line is
        not a header.
    """
    if is_parquet(path):
        return parquet_file.columns(path)
    with _opened(path) as file:
        file_kind.check(path, form)
        first = _first(
            _rows(path, _lines(file, path, form), form), skips_bad=_format(path) == ".jsonl"
        )
    if first is None:
        raise UserError(f"{path} is empty; expected {_expected_first_line(path)}")
    if isinstance(first, BadRow):
        other = _of_delimiter(path, form) if is_csv(path) else None
        expected = f"{first.problem}; expected {_expected_first_line(path)}"
        raise UserError(f"{path} {other}" if other else f"{path} line {first.line}: {expected}")
    return list(first.values)


def _of_delimiter(path: str, form: FileForm) -> "str | None":
    with _opened(path) as file:
        line = next(_lines(file, path, form)).rstrip("\r\n")
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
    if is_parquet(path):
        yield from parquet_file.blocks(path, selection.names)
        return
    with _opened(path) as file:
        lines = _lines(file, path, form)
        if not is_jsonl(path):
            next(_rows(path, lines, form))  # the line of column names
        delimiter = (form.delimiter or ",") if is_csv(path) else None
        is_plain = lines.raw is file and not path.endswith(".gz")  # damage in .gz is told by line
        left = table_blocks.of_file(file) if is_plain else lines.raw
        yield from table_blocks.cut(left, lines.number + 1, path, delimiter)


def rows(block: Block, selection: Selection) -> "Iterator[Row | BadRow]":
    """Those of a block; raises UserError as `read`."""
    path, form = selection.path, selection.form
    if is_parquet(path):
        yield from parquet_file.rows(block, selection.names)
    else:
        lines = _Lines(io.BytesIO(block.content), path, block.first - 1)
        of_block = _rows(path, lines, form, len(selection.header))
        if is_jsonl(path):
            yield from (_json_row(row, selection.names, selection.optional) for row in of_block)
        else:
            header, positions = selection.header, selection.positions
            yield from (_table_row(row, header, positions) for row in of_block)
    if block.problem:
        raise UserError(block.problem)


def clean(block: Block, selection: Selection) -> "Columns | None":
    """The rows of a block at once, equal to those of `rows`; None if some may be bad."""
    if block.problem or not block.content:
        return None
    if is_parquet(selection.path):
        return parquet_file.clean_rows(block, selection.names)
    if is_jsonl(selection.path):
        return clean_rows.of_json(block, selection)
    return clean_rows.of_table(block, selection, is_csv(selection.path))


def is_jsonl(path: str) -> bool:
    """Whether each row has its own keys instead of the columns of a header."""
    return _format(path) == ".jsonl"


def is_tsv(path: str) -> bool:
    """Whether quotes are a part of the text."""
    return _format(path) == ".tsv"


def is_csv(path: str) -> bool:
    return _format(path) == ".csv"


def is_parquet(path: str) -> bool:
    """Whether values have types, and rows have numbers instead of lines."""
    return _format(path) == _PARQUET


def check_form(form: FileForm, paths: "Iterable[str]", where: str) -> None:
    """Checks that what is stated of the files has a meaning for one of them.

    Args: where, which file or option states it.
    """
    if form.delimiter and not any(map(is_csv, paths)):
        raise UserError(f"{where}: delimiter (--delimiter) is for .csv files, and none is given")
    if form.encoding and all(map(is_parquet, paths)):
        raise UserError(f"{where}: encoding (--encoding) is for text files, and Parquet is none")


def check_columns(path: str, names: "list[str]", form: FileForm = UTF8) -> None:
    """Raises UserError unless the file has each of these columns, once.

    In JSONL each row has its own keys: `read` reports rows that lack one.
    """
    header = columns(path, form)
    if is_jsonl(path):
        return
    if is_parquet(path):
        column_check.check_names(path, names, header)
        return
    with _opened(path) as file:
        rows = itertools.islice(_rows(path, _lines(file, path, form), form), 1, _SAMPLE_ROWS)
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


class _Lines:
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
    with _opened(path) as whole:
        file_kind.check_is_utf8(path, whole)


def _lines(file, path: str, form: FileForm) -> _Lines:
    """All lines of a file."""
    return _Lines(file if form.encoding is None else _transcoded(file, path, form.encoding), path)


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


def _rows(path: str, lines: _Lines, form: FileForm, width: int = 0) -> "Iterator[Row | BadRow]":
    """All rows of some lines; `values` are all fields, or in JSONL the object.

    Args: width, columns of the header; 0 if it is the first row.
    """
    read_format = {".csv": _csv_rows, ".tsv": _tsv_rows, ".jsonl": _jsonl_rows}[_format(path)]
    try:
        for row in read_format(path, lines, form, width):
            problem = lines.problem_since(row.line)
            yield BadRow(row.line, problem) if problem else row
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(table_blocks.cannot_be_read(path, lines.number, error)) from None


def _csv_rows(path: str, lines: _Lines, form: FileForm, width: int) -> "Iterator[Row | BadRow]":
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


def _tsv_rows(_path: str, lines: _Lines, _form: FileForm, width: int) -> "Iterator[Row | BadRow]":
    for line in lines:
        fields = line.removesuffix("\n").removesuffix("\r").split("\t")
        if fields != [""] or width == 1:
            yield Row(lines.number, tuple(fields))
            width = width or len(fields)


def _jsonl_rows(
    _path: str, lines: _Lines, _form: FileForm, _width: int
) -> "Iterator[Row | BadRow]":
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


def _format(path: str) -> str:
    name = os.path.basename(path).removesuffix(".gz")
    extension = os.path.splitext(name)[1].lower()
    if extension not in _FORMATS:
        raise UserError(
            f"{path}: the name must end in .csv, .tsv or .jsonl, or one of these and .gz, or in "
            f"{_PARQUET}, to tell the format; rename or convert it (JSON with one object a line is "
            ".jsonl)"
        )
    if extension == _PARQUET and path.endswith(".gz"):
        raise UserError(f"{path}: Parquet is packed inside, without .gz; unpack it (gunzip)")
    return extension


def _opened(path: str):
    _format(path)
    try:
        return gzip.open(path) if path.endswith(".gz") else open(path, "rb")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None


def _expected_first_line(path: str) -> str:
    return "one JSON object a line" if _format(path) == ".jsonl" else "a line of column names"
