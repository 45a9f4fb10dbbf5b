"""Rows of a user's file, as every format gives them: one by one, or the clean ones by columns."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from preprocess.sources.file_form import FileForm

BOM = b"\xef\xbb\xbf"
BLOCK_BYTES = 2**19  # the least in a block, unless the file ends


class Row(NamedTuple):
    """The values of the requested columns: text in CSV and TSV, any value in JSONL and Parquet.

    `line` is where the row begins in the file, from 1; in Parquet, the number of the row. `broken`
    holds the fields of any column, requested or not, that hold a line feed; only in CSV.
    """

    line: int
    values: tuple
    broken: tuple = ()


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be read."""

    line: int
    problem: str


@dataclass(frozen=True)
class Columns:
    """N rows that all can be read, column by column.

    Attributes:
      lines: int64 [N], as in Row.
      values: for each requested column, N values as in Row.
      broken: {the number of a row, from 0: as in Row}, of the rows that have such fields.
    """

    lines: np.ndarray
    values: "list[list]"
    broken: "dict[int, tuple]"


@dataclass(frozen=True)
class Selection:
    """What is wanted of a file's rows.

    Attributes:
      path, form: of the file.
      names: of the wanted columns.
      optional: some of them; their value is None in a JSONL row without this key.
      header: the names of all columns; in JSONL, the keys of the first row.
    """

    path: str
    form: FileForm
    names: "tuple[str, ...]"
    optional: "tuple[str, ...]"
    header: "tuple[str, ...]"

    @property
    def positions(self) -> "list[int]":
        """Of the wanted columns in the header of a CSV or TSV file."""
        return [self.header.index(name) for name in self.names]


@dataclass(frozen=True)
class Block:
    """Consecutive rows of a file, whole ones, so that they can be read without those before them.

    Attributes:
      first: the line on which they begin; in Parquet, the number of the first row.
      content: their lines in UTF-8; in Parquet, record batches of pyarrow.
      problem: why the file cannot be read after them; None if it can.
    """

    first: int
    content: Any
    problem: "str | None" = None
