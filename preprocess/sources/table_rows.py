"""A row of a user's file, as every format gives it."""

from dataclasses import dataclass
from typing import NamedTuple


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
