"""Cuts the ids of long texts into windows (shared/windows.py)."""

import numpy as np

from preprocess.encoding.encode import Ids
from shared import windows


def cut(ids: Ids, max_sequence_length: int, overlap: int) -> "tuple[Ids, np.ndarray]":
    """The windows of N texts, one after the other, and of which text each is, int64 [W].

    >>> found, documents = cut(Ids(np.array([5, 6, 7, 8, 9]), np.array([[4], [1]])), 5, overlap=1)
    >>> found.values, found.lengths[:, 0], documents
    (array([5, 6, 7, 7, 8, 9]), array([3, 2, 1]), array([0, 0, 1]))

    Args:
      ids: of rows of one text.
      overlap: the tokens that two windows share.
    """
    lengths, room = ids.lengths[:, 0], windows.room_of(max_sequence_length)
    counts = windows.count(lengths, room, overlap)
    documents = np.repeat(np.arange(len(lengths)), counts)
    number_in_text = np.arange(len(documents)) - np.repeat(counts.cumsum() - counts, counts)
    starts = number_in_text * (room - overlap)
    sizes = np.minimum(lengths[documents] - starts, room)
    begins = (lengths.cumsum() - lengths)[documents] + starts
    places = np.arange(sizes.sum()) + np.repeat(begins - (sizes.cumsum() - sizes), sizes)
    return Ids(ids.values[places], sizes[:, None]), documents
