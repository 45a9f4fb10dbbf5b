"""What rows are compared by: hashes of texts and groups, and labels; 21 to 29 bytes a row.

64 bits tell 100 million texts apart with a chance of 0.03% that any two of them are mixed up.
"""

import unicodedata
import zlib
from hashlib import blake2b
from typing import NamedTuple, Optional

import numpy as np

_BETWEEN = b"\0"  # the texts of a pair
_NEVER = b"\xff"  # in UTF-8
_LOWER = bytes(range(256)).lower()
_BLANKS = bytes(byte for byte in range(128) if chr(byte).isspace())


class Marks(NamedTuple):
    """Those of N rows.

    Attributes:
      folded: uint64 [N], the same for texts that differ in case, blanks or Unicode form only.
      exact: uint32 [N], tells the texts of one folded form apart.
      labels: float64 [N], index of the class, or score; -1 where there is none.
      is_blank: bool [N], whether a text is empty or blank.
      groups: uint64 [N]; None without a column of groups.
    """

    folded: np.ndarray
    exact: np.ndarray
    labels: np.ndarray
    is_blank: np.ndarray
    groups: Optional[np.ndarray]

    def of(self, rows: np.ndarray) -> "Marks":
        """Those of some rows, given as numbers or as a mask."""
        return Marks(*(None if values is None else values[rows] for values in self))


def marks(
    texts: "list[list[bytes]]",
    labels: "np.ndarray | list",
    is_blank: "np.ndarray | list",
    groups: "list[str] | None",
    is_lasting: bool = True,
) -> Marks:
    """The marks of N rows.

    Args:
      texts: of each text column, in UTF-8.
      labels, is_blank, groups: N each, as in Marks.
      is_lasting: whether `folded` is the same in every run, as drawing by it needs; where it is
        only compared within a run, Python's own hash is faster.
    """
    whole = texts[0] if len(texts) == 1 else list(map(_BETWEEN.join, zip(*texts, strict=True)))
    return Marks(
        (_hashes if is_lasting else _hashes_of_run)(_all_folded(whole)),
        np.fromiter(map(zlib.crc32, whole), np.uint32, len(whole)),
        np.asarray(labels, np.float64),
        np.asarray(is_blank, bool),
        None if groups is None else _hashes(list(map(str.encode, groups))),
    )


def joined(parts: "list[Marks]") -> Marks:
    """Those of all parts, one after the other."""
    columns = zip(*(parts or [marks([[]], [], [], None)]), strict=True)
    return Marks(*(None if of[0] is None else np.concatenate(of) for of in columns))


def _hashes_of_run(contents: "list[bytes]") -> np.ndarray:
    """SipHash with a key of this run, which forked processes share."""
    return np.fromiter(map(hash, contents), np.int64, len(contents)).view(np.uint64)


def _hashes(contents: "list[bytes]") -> np.ndarray:
    digests = [blake2b(content, digest_size=8).digest() for content in contents]
    return np.frombuffer(b"".join(digests), "<u8")


def _all_folded(texts: "list[bytes]") -> "list[bytes]":
    """Each as `folded` has it; those of ASCII, which most are, in one call."""
    whole = _NEVER.join(texts)
    found = whole.translate(_LOWER, _BLANKS).split(_NEVER) if texts else []
    read = np.frombuffer(whole, np.uint8)
    ends = np.flatnonzero(read == _NEVER[0])
    others = np.flatnonzero((read > 127) & (read != _NEVER[0]))
    for at in np.unique(np.searchsorted(ends, others)).tolist():
        found[at] = folded(texts[at])
    return found


def folded(text: bytes) -> bytes:
    r"""A text in UTF-8 without what a reader may overlook: case, blanks, Unicode form.

    >>> folded(b"Good  Film\n"), folded("\uff27ood \ufb01lm".encode())
    (b'goodfilm', b'goodfilm')
    """
    if text.isascii():
        return text.translate(_LOWER, _BLANKS)
    letters = unicodedata.normalize("NFKC", text.decode("utf-8")).casefold()
    return unicodedata.normalize("NFKC", "".join(letters.split())).encode("utf-8")
