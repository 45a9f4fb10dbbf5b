"""Texts from the ids of a record: its word pieces, put together."""

from typing import Callable, Sequence, Tuple


def speller(pieces: Sequence[str], columns: int) -> "Callable[..., Tuple[str, ...]]":
    """A function (ids, length, b_start) -> the texts of a record, without [CLS] and [SEP].

    >>> import numpy as np
    >>> spell = speller(["[CLS]", "[SEP]", "un", "##seen", "!"], columns=2)
    >>> spell(np.array([0, 2, 3, 1, 4, 1, 0]), length=6, b_start=4)
    ('unseen', '!')

    Args:
      pieces: of the vocabulary that made the ids.
      columns: texts of an example, one or two.
    Its arguments:
      ids: int [S], padding included.
      length: tokens.
      b_start: where the second text begins, or the length.
    """

    def text(ids) -> str:
        return " ".join([pieces[number] for number in ids.tolist()]).replace(" ##", "")

    def spell(ids, length, b_start) -> "Tuple[str, ...]":
        parts = (ids[1 : b_start - 1], ids[b_start : length - 1])
        return tuple(map(text, parts[:columns]))

    return spell
