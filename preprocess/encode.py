"""Word-piece ids of one or two texts become the record's padded features."""

from dataclasses import dataclass

import numpy as np

from shared import records
from shared.vocab import CLS, PAD, SEP, Vocabulary


@dataclass(frozen=True)
class Ids:
    """Word-piece ids of N texts: text i has values[offsets[i]:offsets[i + 1]]."""

    values: np.ndarray  # int [total]
    offsets: np.ndarray  # int64 [N + 1]

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.offsets)


def min_sequence_length(num_texts: int) -> int:
    """[CLS], and for each text one token and a [SEP]."""
    return records.special_tokens(num_texts) + num_texts


def truncate(length_a, length_b, room: int):
    """How many tokens of a pair to keep: drop the last one of the longer side until both fit.

    On a tie b loses. Dropping one by one ends where this formula does:

    >>> truncate(np.array([5, 1, 9, 9]), np.array([1, 9, 9, 8]), room=7)
    (array([5, 1, 4, 4]), array([1, 6, 3, 3]))

    Args: lengths int [N]; room, the tokens that fit. Returns: kept lengths, int [N] each.
    """
    kept_b = np.minimum(length_b, np.maximum(room - length_a, room // 2))
    return np.minimum(length_a, room - kept_b), kept_b


class Encoder:
    """Places [CLS], a, [SEP] (and b, [SEP]) at a fixed length.

    With max_sequence_length 8 and [PAD]=0 [CLS]=2 [SEP]=3, a=[5, 6] and b=[7] become the pair
    record that shared/records.py shows.
    """

    def __init__(self, vocabulary: Vocabulary, max_sequence_length: int):
        self._pad, self._cls, self._sep = (vocabulary.id(piece) for piece in (PAD, CLS, SEP))
        self._length = max_sequence_length

    def encode(self, a: Ids, b: "Ids | None" = None) -> dict:
        """Returns: {"input_ids", "input_mask", "segment_ids"}, each int32 [N, length]."""
        position = np.arange(self._length, dtype=np.int32)[None, :]
        room = self._length - records.special_tokens(1 if b is None else 2)
        if b is None:
            kept_a = np.minimum(a.lengths, room)
            end_a = end = (kept_a + 2)[:, None]
        else:
            kept_a, kept_b = truncate(a.lengths, b.lengths, room)
            end_a = (kept_a + 2)[:, None]
            end = end_a + (kept_b + 1)[:, None]
        ids = np.full((len(kept_a), self._length), self._pad, np.int32)
        ids[:, 0] = self._cls
        ids[(position >= 1) & (position < end_a - 1)] = _kept_values(a, kept_a)
        ids[position == end_a - 1] = self._sep
        if b is not None:
            ids[(position >= end_a) & (position < end - 1)] = _kept_values(b, kept_b)
            ids[position == end - 1] = self._sep
        mask, segments = records.mask_and_segments(end[:, 0], end_a[:, 0], self._length)
        return {
            "input_ids": ids,
            "input_mask": mask.astype(np.int32),
            "segment_ids": segments.astype(np.int32),
        }


def _kept_values(ids: Ids, kept: np.ndarray) -> np.ndarray:
    """The first kept[i] ids of each text i, one after the other."""
    index_in_text = np.arange(len(ids.values)) - np.repeat(ids.offsets[:-1], ids.lengths)
    return ids.values[index_in_text < np.repeat(kept, ids.lengths)]
