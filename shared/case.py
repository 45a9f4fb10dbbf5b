"""Decides whether a vocabulary's texts are lower-cased, and says why."""

import re
from typing import NamedTuple, Optional, Sequence

from shared import published
from shared.errors import UserError

# Shares of pieces with a capital, among those with letters. bert-base-cased has 31 %, and uncased
# vocabularies have none or, in Chinese, a handful such as a full-width A among thousands. Between
# the two a small vocabulary may be either.
LOWER_CASED_BELOW, CASED_FROM = 0.01, 0.1


class Case(NamedTuple):
    """`reason` completes "lower-cased (...)"."""

    lower_case: bool
    reason: str


def decide(
    path: str,
    pieces: Sequence[str],
    sha256: str,
    given: Optional[bool] = None,
    stated: Optional[bool] = None,
    stated_in: str = "",
) -> Case:
    """By the first that is known: the user's word, the tokenizer files, the table, the pieces.

    Args:
      path: of the vocabulary, for the message.
      given: --lower_case.
      stated: what the tokenizer files beside the vocabulary say, and `stated_in` where they do.
    Raises:
      UserError: the pieces do not tell.
    """
    entry = published.by_sha256(sha256)
    if given is not None:
        return Case(given, "--lower_case")
    if stated is not None:
        return Case(stated, stated_in + _doubt(stated, pieces))
    if entry is not None:
        return Case(entry.lower_case, "published table")
    return _by_pieces(path, pieces)


def _by_pieces(path: str, pieces: Sequence[str]) -> Case:
    capitals, letters = _counts(pieces)
    reason = f"{capitals:,} of its {letters:,} pieces with letters have capitals"
    if letters and capitals < LOWER_CASED_BELOW * letters:
        return Case(True, reason)
    if letters and capitals >= CASED_FROM * letters:
        return Case(False, reason)
    raise UserError(
        f"{path} does not tell whether texts are to be lower-cased: {reason}. Say how the model "
        f"was pretrained: make data VOCAB={path} ARGS='--lower_case true', or false"
    )


def _doubt(stated: bool, pieces: Sequence[str]) -> str:
    """A warning if texts keep capitals that the pieces do not have."""
    capitals, letters = _counts(pieces)
    if stated or not letters or capitals >= LOWER_CASED_BELOW * letters:
        return ""
    return (
        f", although only {capitals:,} of its {letters:,} pieces with letters have capitals; "
        "--lower_case true overrules it"
    )


def _counts(pieces: Sequence[str]) -> "tuple[int, int]":
    """(pieces with a capital, pieces with a letter that has two cases).

    [MASK] and <S> do not count, nor do capitals without a lower case, such as ℝ.
    """
    words = [piece for piece in pieces if not re.match(r"(\[.*\]|<.*>)$", piece)]
    letters = [word for word in words if word.lower() != word.upper()]
    return sum(word != word.lower() for word in letters), len(letters)
