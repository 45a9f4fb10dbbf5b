"""Rows of a Parquet file, with the number of each from 1.

pyarrow is imported where such a file is read, so that other files need not wait for it.
"""

import os
from contextlib import contextmanager
from typing import Iterator

from preprocess.sources.table_rows import BadRow, Row
from shared.errors import UserError

_ROWS = 1024  # that are Python objects at a time
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


def read(path: str, names: "list[str]") -> "Iterator[Row | BadRow]":
    """The rows in order, each with the columns of these names; raises UserError as `columns`."""
    import pyarrow

    number = 0
    with _opened(path) as file:
        try:
            for batch in file.iter_batches(_ROWS, columns=names, use_threads=False):
                for row in _rows([batch.column(name) for name in names], number + 1):
                    number += 1
                    yield row
        except (OSError, pyarrow.ArrowException) as error:
            raise UserError(f"{path} cannot be read after row {number}: {error}") from None


@contextmanager
def _opened(path: str):
    import pyarrow
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER_BYTES)
    except pyarrow.ArrowException as error:
        raise UserError(
            f"{path} is not a whole Parquet file ({error}); correct its name, or copy it again"
        ) from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {os.strerror(error.errno)}") from None
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
