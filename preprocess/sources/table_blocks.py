"""A file's lines in blocks of whole rows.

A line feed within quotes ends no row of CSV. Where all quotes of a block are regular they are
counted (table_shape.py); else Python's csv module says where its last row ends.
"""

import csv
import io
import zlib
from typing import BinaryIO, Iterator, Optional

from preprocess.sources import table_shape
from preprocess.sources.table_rows import BLOCK_BYTES, BOM, Block
from shared.errors import UserError

NEVER_CLOSED = "unexpected end of data"  # the csv module on a quote


def cut(
    lines: "Iterator[bytes]", first: int, path: str, delimiter: Optional[str]
) -> Iterator[Block]:
    """The blocks of a file; the last one may be empty, and tells what is wrong after it.

    Args:
      lines: in UTF-8, with their ends; one or several at a time.
      first: the number of the first one.
      path: of the file, for messages.
      delimiter: of CSV; None where every line is a row.
    """
    content, is_end, error = b"", False, None
    while not is_end:
        some, is_end, error = _some(lines, max(BLOCK_BYTES, len(content)))
        content += some
        end = len(content) if is_end else _end_of_rows(content, delimiter)
        block = Block(first, content[:end], error and _problem(error, path, first, content))
        first, content = first + content.count(b"\n", 0, end), content[end:]
        if block.content or block.problem:
            yield block


def of_file(file: BinaryIO) -> Iterator[bytes]:
    """The lines that are left of a file, many at a time."""
    while lines := file.read(BLOCK_BYTES) + file.readline():
        yield lines


def _some(lines: "Iterator[bytes]", size: int) -> "tuple[bytes, bool, Optional[Exception]]":
    """Some lines, whether they are the last ones, and why the file cannot be read further."""
    taken = []
    try:
        for line in lines:
            taken.append(line)
            size -= len(line)
            if size <= 0:
                return b"".join(taken), False, None
    except (OSError, EOFError, zlib.error, UserError) as error:
        return b"".join(taken), True, error
    return b"".join(taken), True, None


def _problem(error: Exception, path: str, first: int, content: bytes) -> str:
    if isinstance(error, UserError):
        return str(error)
    return cannot_be_read(path, first - 1 + content.count(b"\n"), error)


def cannot_be_read(path: str, line: int, error: Exception) -> str:
    """Args: line, the last one that can be."""
    return f"{path} cannot be read after line {line}: {error}"


def _end_of_rows(content: bytes, delimiter: Optional[str]) -> int:
    """Where the last row that is whole ends; 0 if none is."""
    if delimiter is None:
        return len(content)
    ends = table_shape.row_ends(content, delimiter)
    if ends is None:
        return _last_end(content, delimiter)
    return int(ends[-1]) if len(ends) else 0


def _last_end(content: bytes, delimiter: str) -> int:
    """The same, whatever the quotes are."""
    lines = io.BytesIO(content)
    reader = csv.reader(map(text_of, lines), strict=True, delimiter=delimiter)
    end = 0
    while True:
        try:
            if next(reader, None) is None:
                return end
        except csv.Error as error:  # the row is bad, or not whole
            if NEVER_CLOSED in str(error):
                return end
        end = lines.tell()


def text_of(line: bytes) -> str:
    """A line as text; so that its quotes count, even if it is not UTF-8."""
    return line.removeprefix(BOM).decode("utf-8", "replace")
