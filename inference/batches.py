"""Groups examples by length: padding costs as much as tokens do."""

from typing import Iterator

import numpy as np

from preprocess.encoding.encode import Tokens
from shared import records

# Positions of a batch, padding included: enough to keep two cores busy, few enough for their cache.
_POSITIONS = 2048


def of_like_length(tokens: Tokens, pad_id: int) -> "Iterator[tuple[np.ndarray, dict]]":
    """(numbers of examples [B], features int32 [B, S]) until every example has come, the shortest
    first.

    >>> tokens = Tokens(np.array([2, 5, 3, 2, 3]), np.array([3, 2]), np.array([3, 2]))
    >>> [(rows.tolist(), features["input_ids"].tolist()) for rows, features in
    ...  of_like_length(tokens, 0)]
    [([1, 0], [[2, 3, 0], [2, 5, 3]])]
    """
    order = np.argsort(tokens.lengths, kind="stable")
    lengths = tokens.lengths[order]
    starts = tokens.lengths.cumsum() - tokens.lengths
    begin = 0
    while begin < len(order):
        end = _end(lengths, begin)
        rows = order[begin:end]
        yield rows, _features(tokens, starts[rows], rows, lengths[end - 1], pad_id)
        begin = end


def _end(lengths: np.ndarray, begin: int) -> int:
    """Where the batch that begins there ends: as many rows as fit, at least one."""
    sizes = lengths[begin:] * np.arange(1, len(lengths) - begin + 1)
    return begin + max(int(np.searchsorted(sizes, _POSITIONS, "right")), 1)


def _features(tokens: Tokens, starts, rows, length: int, pad_id: int) -> dict:
    lengths = tokens.lengths[rows]
    mask, segments = records.mask_and_segments(lengths, tokens.b_starts[rows], length)
    places = starts[:, None] + np.arange(length)
    ids = np.where(mask == records.TOKEN, tokens.values.take(places, mode="clip"), pad_id)
    named = {"input_ids": ids, "input_mask": mask, "segment_ids": segments}
    return {name: values.astype(np.int32) for name, values in named.items()}
