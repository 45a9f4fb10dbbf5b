"""The user's own names of rows: a ticket's number, a key of a database."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass
from itertools import compress
from typing import Iterable, Iterator

import numpy as np

from shared import shown

_SHOWN = 3  # ids in one line


class IdError(ValueError):
    """A value that is no id; the text completes `found ...`."""


def text_of(value) -> "str | None":
    """An id as text: JSON's 17 becomes `17`; None if there is none.

    >>> text_of("T-17"), text_of(17), text_of("  ")
    ('T-17', '17', None)

    Raises:
      IdError: it is neither text nor a whole number, or has a line break.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise IdError(f"the id {shown.value(value)}")
    text = str(value)
    if "\n" in text:
        raise IdError(f"the id {shown.value(text)} over several lines")
    return text


def required(value) -> str:
    """As text_of, for a row that must have an id; raises IdError if there is none."""
    text = text_of(value)
    if text is None:
        raise IdError("no id")
    return text


@dataclass(frozen=True)
class Ids:
    """The ids of N rows, in order; a list of texts would take several times the memory.

    >>> list(Ids.of(["T-1", "T-2", "T-3"]).only([True, False, True]))
    ['T-1', 'T-3']

    Attributes:
      parts: one after the other, lines of ids in UTF-8.
    """

    parts: tuple[bytes, ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Ids:
        lines = io.BytesIO()
        lines.writelines(text.encode("utf-8") + b"\n" for text in texts)
        return cls((lines.getvalue(),))

    @classmethod
    def joined(cls, several: Iterable[Ids]) -> Ids:
        return cls(tuple(part for ids in several for part in ids.parts))

    def __len__(self) -> int:
        return sum(part.count(b"\n") for part in self.parts)

    def __iter__(self) -> Iterator[str]:
        for part in self.parts:
            for line in io.BytesIO(part):
                yield line[:-1].decode("utf-8")

    def only(self, is_wanted: Iterable[bool]) -> Ids:
        """Those of some rows."""
        return Ids.of(compress(self, is_wanted))


def about_repeated(ids: Iterable[str]) -> "str | None":
    """What to say if several rows have one id: answers cannot be joined by it alone.

    >>> about_repeated(["a", "b", "a"]), about_repeated(["a", "b"])
    ("1 id comes in several rows: 'a'", None)
    """
    hashes = np.sort(np.fromiter(map(hash, ids), np.int64))  # as texts they would fill the memory
    several = set(hashes[1:][hashes[1:] == hashes[:-1]].tolist())
    counts = Counter(text for text in ids if hash(text) in several)
    repeated = [text for text, count in counts.items() if count > 1]
    if not repeated:
        return None
    counted = "1 id comes" if len(repeated) == 1 else f"{len(repeated):,} ids come"
    return f"{counted} in several rows: {shown.listed(map(shown.value, repeated), _SHOWN)}"
