"""Rows of a Parquet file, with the number of each from 1.

pyarrow is imported where such a file is read, so that other files need not wait for it.
"""

import os
from contextlib import contextmanager
from typing import Iterator

import numpy as np

from preprocess.sources.table_rows import BLOCK_BYTES, BadRow, Block, Columns, Row
from shared.errors import UserError

_ROWS = 1024  # in a batch
# Of a column, read ahead. A file may be a single group of rows, so it is read page by page: with
# pyarrow's default, its whole group would be in memory.
_BUFFER_BYTES = 2**16


def columns(path: str) -> "list[str]":
    """The names of the columns.

    Raises:
      UserError: the file cannot be read, or is not Parquet.
    """
    with _opened(path) as file:
        return file.schema_arrow.names


def blocks(path: str, names: "tuple[str, ...]") -> Iterator[Block]:
    """The rows in order, each with the columns of these names."""
    import pyarrow

    number, waiting, size, problem = 1, [], 0, None
    with _opened(path) as file:
        batches = file.iter_batches(_ROWS, columns=list(names), use_threads=False)
        try:
            for batch in batches:
                waiting.append(batch)
                size += batch.nbytes
                if size >= BLOCK_BYTES:
                    yield Block(number, waiting)
                    number, waiting, size = number + sum(map(len, waiting)), [], 0
        except (OSError, pyarrow.ArrowException) as error:
            last = number + sum(map(len, waiting)) - 1
            problem = f"{path} cannot be read after row {last}: {error}"
    yield Block(number, waiting, problem)


def rows(block: Block, names: "tuple[str, ...]") -> "Iterator[Row | BadRow]":
    """Those of a block, one by one."""
    number = block.first
    for batch in block.content:
        yield from _rows([batch.column(name) for name in names], number)
        number += len(batch)


def clean_rows(block: Block, names: "tuple[str, ...]") -> "Columns | None":
    """Those of a block all at once; None if a value cannot be read."""
    try:
        values = [
            [value for batch in block.content for value in _values(batch.column(name))]
            for name in names
        ]
    except ValueError:
        return None
    return Columns(np.arange(block.first, block.first + len(values[0])), values, {})


def _values(array) -> list:
    """As to_pylist gives them; an array of texts or whole numbers has a faster way."""
    import pyarrow

    of_type = pyarrow.types
    is_simple = of_type.is_string(array.type) or of_type.is_integer(array.type)
    if array.null_count or not is_simple:
        return array.to_pylist()
    return array.to_numpy(zero_copy_only=False).tolist()


@contextmanager
def _opened(path: str):
    import pyarrow
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER_BYTES)
    except (OSError, UnicodeDecodeError, pyarrow.ArrowException) as error:
        if code := getattr(error, "errno", None):  # pyarrow raises an OSError for damage, too
            raise UserError(f"cannot read {path}: {os.strerror(code)}") from None
        raise UserError(
            f"{path} is not a whole Parquet file ({str(error).strip()!r}); correct its name, or "
            "copy it again"
        ) from None
    with file:
        yield file


def _rows(arrays: list, first: int) -> "list[Row | BadRow]":
    """Args: first, the number of the first row."""
    try:
        values = zip(*(array.to_pylist() for array in arrays), strict=True)
        return [Row(number, row) for number, row in enumerate(values, start=first)]
    except ValueError:  # of a single value: each on its own
        return [_row(arrays, at, first + at) for at in range(len(arrays[0]))]


def _row(arrays: list, at: int, number: int) -> "Row | BadRow":
    try:
        return Row(number, tuple(array[at].as_py() for array in arrays))
    except ValueError as error:  # not UTF-8, or a time that Python does not have
        return BadRow(number, f"a value that cannot be read ({error})")
