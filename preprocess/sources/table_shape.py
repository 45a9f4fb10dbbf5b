"""Where the rows and fields of a CSV or TSV file end, found for many at once.

Only in bytes whose quotes are as RFC 4180 has them: around a whole field, doubled inside. There an
even number of quotes lies before every comma and line feed that divides fields and rows, and an odd
one before those within a field. What is not so is left to Python's csv module.
"""

from typing import NamedTuple, Optional

import numpy as np

_QUOTE, _LINE_FEED, _RETURN = b'"\n\r'
_MARK = b"\0"
_NONE = np.zeros(0, np.int64)


class Fields(NamedTuple):
    """The fields of R rows, without quotes around them and with single ones inside.

    Attributes:
      values: of all rows, one row after the other.
      starts: int64 [R], where each row begins.
    """

    values: "list[str]"
    starts: np.ndarray


def row_ends(content: bytes, delimiter: str) -> Optional[np.ndarray]:
    r"""Where the rows of CSV end that are whole, int64; None if the quotes are not regular.

    >>> row_ends(b'a,"b\nc"\nd,"e\n', ",")
    array([8])
    """
    quotes = _quotes(content, delimiter)
    if quotes is None:
        return None
    return _outside(np.flatnonzero(_bytes(content) == _LINE_FEED), quotes) + 1


def fields(content: bytes, delimiter: str, width: int, is_csv: bool) -> Optional[Fields]:
    r"""The fields of rows that all have `width` ones; None if some have not, or are not regular.

    >>> fields(b'a,"b ""c"", d"\n', ",", 2, is_csv=True).values
    ['a', 'b "c", d']

    Args: content, UTF-8, of whole rows, with a line feed at its end; is_csv, whether it has quotes.
    """
    quotes = _quotes(content, delimiter) if is_csv else _NONE
    if quotes is None or len(quotes) % 2 or _MARK in content:
        return None
    found = _bytes(content)
    is_feed = found == _LINE_FEED
    ends = _outside(np.flatnonzero(is_feed | (found == ord(delimiter))), quotes)
    if len(ends) % width:
        return None
    grid = ends.reshape(-1, width)
    if not is_feed[grid[:, -1]].all() or is_feed[grid[:, :-1]].any():
        return None
    starts = np.concatenate([[0], grid[:-1, -1] + 1])
    return Fields(_split(found, ends, quotes, grid[:, -1], starts), starts)


def _split(
    found: np.ndarray,
    ends: np.ndarray,
    quotes: np.ndarray,
    row_ends: np.ndarray,
    starts: np.ndarray,
) -> "list[str]":
    """The fields between their ends: the latter become marks, and what is no content goes."""
    marked, is_content = found.copy(), np.ones(len(found), bool)
    marked[ends] = _MARK[0]
    before = row_ends - 1
    is_content[before[(found[before] == _RETURN) & (starts < row_ends)]] = False
    opening, closing = quotes[0::2], quotes[1::2]
    is_content[opening] = False
    is_content[closing[_next(found, closing) != _QUOTE]] = False
    return marked[is_content].tobytes().decode("utf-8").split(_MARK.decode("ascii"))[:-1]


def _bytes(content: bytes) -> np.ndarray:
    return np.frombuffer(content, np.uint8)


def _outside(places: np.ndarray, quotes: np.ndarray) -> np.ndarray:
    """Those that are not within quotes."""
    return places[np.searchsorted(quotes, places) % 2 == 0] if len(quotes) else places


def _quotes(content: bytes, delimiter: str) -> Optional[np.ndarray]:
    """The places of all quotes; None if they, or carriage returns outside, are not regular."""
    if not delimiter.isascii() or _MARK in content:
        return None
    found = _bytes(content)
    quotes = np.flatnonzero(found == _QUOTE) if b'"' in content else _NONE
    if b"\r" in content:
        returns = _outside(np.flatnonzero(found == _RETURN), quotes)
        if not (_next(found, returns) == _LINE_FEED).all():
            return None
    opening, closing = quotes[0::2], quotes[1::2]
    divides = [ord(delimiter), _LINE_FEED, _QUOTE]
    before = np.where(opening > 0, found[opening - 1], _LINE_FEED)
    after = _next(found, closing)
    is_regular = _is_one(before, divides).all() and _is_one(after, [*divides, _RETURN]).all()
    return quotes if is_regular else None


def _next(found: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The byte after each place; a line feed after the last byte."""
    after = found[np.minimum(places + 1, len(found) - 1)]
    return np.where(places + 1 < len(found), after, _LINE_FEED)


def _is_one(found: np.ndarray, of: "list[int]") -> np.ndarray:
    """Whether each byte is one of these."""
    is_one = found == of[0]
    for byte in of[1:]:
        is_one |= found == byte
    return is_one
