"""Rows that can be read but are probably not what their owner meant: one line for each kind."""

import string
from typing import Callable

from preprocess.sources import file_format
from preprocess.sources.noted_rows import NotedRows

_MANY_LINES = 20  # of a field in a CSV file
_PLAIN = frozenset(string.ascii_letters + string.digits + string.punctuation) - {'"'}


class SuspiciousRows:
    """Those of one file.

    for line, texts in rows:
        suspicious.look(line, texts)
    suspicious.warnings()
    """

    def __init__(self, path: str):
        self._path = path
        self._is_tsv = file_format.is_tsv(path)
        self._blank, self._long, self._quoted = NotedRows(), NotedRows(), NotedRows()

    def look(self, line: int, texts: "list[str]") -> bool:
        """Notes what is odd about the texts of a row; returns whether one of them is blank."""
        has_blank = False
        for text in texts:
            has_blank |= self._is_blank(line, text)
        return has_blank

    def look_inside(
        self, line: int, broken: "tuple[str, ...]", looks_like_row: "Callable[[str], bool]"
    ) -> None:
        """Notes a row of CSV with fields over several lines, if they hold other rows.

        Args: looks_like_row, whether a line of a field is a row itself.
        """
        if any(_has_swallowed(field, looks_like_row) for field in broken):
            self._long.add(line)

    def extend(self, later: "SuspiciousRows") -> None:
        """Notes those of a later part of the file."""
        self._blank.extend(later._blank)
        self._long.extend(later._long)
        self._quoted.extend(later._quoted)

    def _is_blank(self, line: int, text: str) -> bool:
        if is_blank(text):
            self._blank.add(line)
            return True
        if self._is_tsv and len(text) > 1 and text[0] == '"' == text[-1]:
            self._quoted.add(line)
        return False

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


def odd(texts: "list[str]") -> "list[int]":
    """The numbers of the texts to look at; cheap, for this is done for every row."""
    return [
        at
        for at, text in enumerate(texts)
        if text[:1] not in _PLAIN and not text[:1].isalnum()  # a letter of any alphabet
    ]


def _has_swallowed(field: str, looks_like_row: "Callable[[str], bool]") -> bool:
    lines = field.split("\n")
    return len(lines) > _MANY_LINES or any(map(looks_like_row, lines[:-1]))


def is_blank(text: str) -> bool:
    r"""Whether nothing of a text can be seen.

    >>> [is_blank(text) for text in ("", " \n", "\u200b", ".")]
    [True, True, True, False]
    """
    return not text or not any(map(_is_seen, text))


def _is_seen(character: str) -> bool:
    return character.isprintable() and character != " "
