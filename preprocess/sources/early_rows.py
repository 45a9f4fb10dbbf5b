"""Rows that are stored while their labels are still being counted, so that a file is read once.

They are stored with the labels of the first rows, in the hope that these are all. If not, the rows
are of no use, and the file is read again.
"""

from dataclasses import replace
from typing import BinaryIO, Optional

from preprocess.sources.good_rows import GoodRows, Problem
from preprocess.sources.stored_rows import StoredRows
from preprocess.sources.user_labels import Labels
from preprocess.sources.user_table import Noted, UserTable


class EarlyRows:
    """Those of all blocks, as long as no row has another label."""

    def __init__(self, labels: Optional[Labels]):
        """Args: labels, of the first rows; None if they are unclear."""
        self._labels = labels
        self._added: "list[tuple[UserTable, Noted, StoredRows]]" = []

    def of_block(
        self, table: UserTable, rows: GoodRows, bad: "list[Problem]"
    ) -> "Optional[tuple[Noted, StoredRows]]":
        """What `UserTable.store` gives; None if a row has another label. For any process."""
        if self._labels is None:
            return None
        noted, stored = table.store(self._labels, rows, bad)
        if noted.bad.count > len(bad):
            self._labels = None
            return None
        return noted, stored

    def add(
        self, table: UserTable, found: "Optional[tuple[Noted, StoredRows]]", file: BinaryIO
    ) -> None:
        """Adds what of_block gave for the next block."""
        if found is None:
            self._labels = None
            self._added.clear()
        elif self._labels:
            noted, stored = found
            file.write(stored.framed)
            self._added.append((table, noted, replace(stored, framed=b"")))

    def with_labels(self, labels: Labels) -> "Optional[list[tuple[UserTable, Noted, StoredRows]]]":
        """The rows of all blocks, which are in the file; None if these labels are others."""
        if self._labels is None or self._labels.names != labels.names:
            return None
        return self._added
