"""Rows that can be read but are probably not what their owner meant: one line for each kind."""

from typing import Callable

from preprocess.sources.noted_rows import NotedRows

_MANY_LINES = 20  # of a text in a CSV file


class SuspiciousRows:
    """Those of one file.

    for row in rows:
        suspicious.look(row.line, texts, looks_like_row)
    suspicious.warnings()
    """

    def __init__(self, path: str):
        self._path = path
        extension = path.lower().removesuffix(".gz").rpartition(".")[2]
        self._is_csv, self._is_tsv = extension == "csv", extension == "tsv"
        self._blank, self._long, self._quoted = NotedRows(), NotedRows(), NotedRows()

    def look(
        self, line: int, texts: "tuple[str, ...]", looks_like_row: "Callable[[str], bool]"
    ) -> None:
        """Notes what is odd about a row.

        Args: looks_like_row, whether a line inside of a text of a CSV file is a row itself.
        """
        for text in texts:
            if not text[:1].isalnum():  # cheap, for this is done for every row
                self._look_closer(line, text)
            if self._is_csv and "\n" in text and _has_swallowed(text, looks_like_row):
                self._long.add(line)

    def _look_closer(self, line: int, text: str) -> None:
        if is_blank(text):
            self._blank.add(line)
        elif self._is_tsv and len(text) > 1 and text[0] == '"' == text[-1]:
            self._quoted.add(line)

    def warnings(self) -> "list[str]":
        """A line for each kind that was found."""
        kinds = (
            (self._blank, "with an empty or blank text"),
            (
                self._long,
                f"with a quoted text over more than {_MANY_LINES} lines, or with rows inside it: "
                "a stray quote may have swallowed them",
            ),
            (
                self._quoted,
                "with a text in quotes; quotes are a part of the text in TSV, a .csv with commas "
                "may be meant",
            ),
        )
        return [f"{self._path}: {rows} {what} ({rows.inline()})" for rows, what in kinds if rows]


def _has_swallowed(text: str, looks_like_row: "Callable[[str], bool]") -> bool:
    lines = text.split("\n")
    return len(lines) > _MANY_LINES or any(map(looks_like_row, lines[:-1]))


def is_blank(text: str) -> bool:
    r"""Whether nothing of a text can be seen.

    >>> [is_blank(text) for text in ("", " \n", "\u200b", ".")]
    [True, True, True, False]
    """
    return not text or not any(map(_is_seen, text))


def _is_seen(character: str) -> bool:
    return character.isprintable() and character != " "
