"""Which tokens of long texts their windows hold (shared/windows.py)."""

import numpy as np

from shared import windows


def cut(lengths: np.ndarray, room: int, overlap: int) -> "tuple[np.ndarray, ...]":
    """The windows of N texts whose tokens lie one after the other.

    >>> cut(np.array([4, 1]), room=3, overlap=1)
    (array([0, 1, 2, 2, 3, 4]), array([3, 2, 1]), array([0, 0, 1]))

    Args:
      lengths: int64 [N], tokens of each text.
      room: the most tokens of a window.
      overlap: those that it shares with the one before it.
    Returns:
      (the place of each token of each window, int64 [total]; the tokens of each window, int64 [W];
      the number of its text, int64 [W]).
    """
    counts = windows.count(lengths, room, overlap, math=np)
    documents = np.repeat(np.arange(len(lengths)), counts)
    number_in_text = np.arange(len(documents)) - (counts.cumsum() - counts)[documents]
    starts = number_in_text * (room - overlap)
    sizes = np.minimum(lengths[documents] - starts, room)
    begins = (lengths.cumsum() - lengths)[documents] + starts
    places = np.arange(sizes.sum()) + np.repeat(begins - (sizes.cumsum() - sizes), sizes)
    return places, sizes, documents
