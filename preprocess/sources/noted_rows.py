"""Rows of a user's file that a message will be about: how many, and the first ones."""

from typing import Iterable

_SHOWN = 10  # lines of a file in an error
_SHOWN_INLINE = 3  # in one line


class NotedRows:
    """Rows of one kind in a file.

    Attributes:
      count: how many.
      first: [(line, what is wrong, what was expected)] of the first ones.
    """

    def __init__(self):
        self.count = 0
        self.first = []
        self._last = 0

    def __bool__(self) -> bool:
        return self.count > 0

    def counted(self, kind: str = "") -> str:
        return f"1 {kind}row" if self.count == 1 else f"{self.count:,} {kind}rows"

    def add(self, line: int, problem: str = "", expected: str = "") -> None:
        """Notes a row; a row that was noted last is not noted again."""
        if self._last == line:
            return
        self._last = line
        self.count += 1
        if len(self.first) < _SHOWN:
            self.first.append((line, problem, expected))

    def extend(self, later: "NotedRows") -> None:
        """Notes the rows of a later part of the file."""
        self.count += later.count
        self.first = (self.first + later.first)[:_SHOWN]

    def inline(self) -> str:
        """The first lines, in a few words.

        >>> noted = NotedRows()
        >>> for line in (2, 5, 6, 9): noted.add(line)
        >>> noted.inline()
        'lines 2, 5, 6, ...'
        """
        lines = ", ".join(str(line) for line, _, _ in self.first[:_SHOWN_INLINE])
        more = ", ..." if self.count > _SHOWN_INLINE else ""
        return f"{'line' if self.count == 1 else 'lines'} {lines}{more}"

    def inline_with_problems(self) -> str:
        """The first lines, and what is wrong with them."""
        shown = self.first[:_SHOWN_INLINE]
        return ", ".join(f"line {line}: {problem}" for line, problem, _ in shown)


def refusal(bad: "Iterable[tuple[str, NotedRows]]") -> str:
    """One message about the bad rows of several files, [(path, its bad rows)]."""
    lines = listed(bad)
    if len(lines) == 1:
        text = f"{lines[0]}. Correct the row,"
    else:
        count = sum(rows.count for _, rows in bad)
        text = "\n  ".join([f"{count:,} bad rows:", *lines]) + "\nCorrect them,"
    return f"{text} or skip all such rows with BAD_ROWS=drop (--bad_rows drop)."


def listed(bad: "Iterable[tuple[str, NotedRows]]") -> "list[str]":
    """A line for each of the first rows, and one for the others of a file; args: as of refusal."""
    told, lines = {""}, []
    for path, rows in bad:
        for line, problem, expected in rows.first:
            wanted = "" if expected in told else f"; expected {expected}"
            told.add(expected)
            lines.append(f"{path} line {line}: {problem}{wanted}")
        if rows.count > len(rows.first):
            lines.append(f"{path}: and {rows.count - len(rows.first):,} more")
    return lines
