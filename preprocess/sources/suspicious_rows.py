"""Rows that can be read but are probably not what their owner meant: one line for each kind."""

from typing import Callable

from preprocess.sources import table_files
from preprocess.sources.noted_rows import NotedRows
from preprocess.sources.table_rows import Row

_MANY_LINES = 20  # of a field in a CSV file


class SuspiciousRows:
    """Those of one file.

    for row in rows:
        suspicious.look(row, texts)
    suspicious.warnings()
    """

    def __init__(self, path: str, looks_like_row: "Callable[[str], bool]"):
        """Args: looks_like_row, whether a line inside of a field of a CSV file is a row itself."""
        self._path = path
        self._is_tsv = table_files.is_tsv(path)
        self._looks_like_row = looks_like_row
        self._blank, self._long, self._quoted = NotedRows(), NotedRows(), NotedRows()

    def look(self, row: Row, texts: "list[str]") -> bool:
        """Notes what is odd about a row and its texts; returns whether one of these is blank."""
        has_blank = False
        for text in texts:
            if not text[:1].isalnum():  # cheap, for this is done for every row
                has_blank |= self._look_closer(row.line, text)
        if row.broken and any(map(self._has_swallowed, row.broken)):
            self._long.add(row.line)
        return has_blank

    def _look_closer(self, line: int, text: str) -> bool:
        """Returns whether it is blank."""
        if is_blank(text):
            self._blank.add(line)
            return True
        if self._is_tsv and len(text) > 1 and text[0] == '"' == text[-1]:
            self._quoted.add(line)
        return False

    def _has_swallowed(self, field: str) -> bool:
        lines = field.split("\n")
        return len(lines) > _MANY_LINES or any(map(self._looks_like_row, lines[:-1]))

    def warnings(self) -> "list[str]":
        """A line for each kind that was found."""
        kinds = (
            (self._blank, "with an empty or blank text"),
            (
                self._long,
                f"with a quoted field over more than {_MANY_LINES} lines, or with rows inside it: "
                "a stray quote may have swallowed them",
            ),
            (
                self._quoted,
                "with a text in quotes; quotes are a part of the text in TSV, a .csv with commas "
                "may be meant",
            ),
        )
        return [
            f"{self._path}: {rows.counted()} {what} ({rows.inline()})"
            for rows, what in kinds
            if rows
        ]


def is_blank(text: str) -> bool:
    r"""Whether nothing of a text can be seen.

    >>> [is_blank(text) for text in ("", " \n", "\u200b", ".")]
    [True, True, True, False]
    """
    return not text or not any(map(_is_seen, text))


def _is_seen(character: str) -> bool:
    return character.isprintable() and character != " "
