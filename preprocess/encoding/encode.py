"""Turns the word-piece ids of one or two texts into the tokens of a record."""

from dataclasses import dataclass, replace

import numpy as np

from preprocess.encoding import windows
from shared import records
from shared.vocab import Vocabulary
from shared.windows import room_of
from shared.word_pieces import CLS, SEP


@dataclass(frozen=True)
class Ids:
    """Word-piece ids of N rows of one or two texts, one text after the other.

    The rows ("x y", "z") and ("", "w") of ids [[5, 6], [7]] and [[], [8]] are
    values [5, 6, 7, 8] and lengths [[2, 1], [0, 1]].
    """

    values: np.ndarray  # int32 [total]
    lengths: np.ndarray  # int64 [N, 1 or 2]


@dataclass(frozen=True)
class Tokens:
    """N records without their padding; input_mask and segment_ids follow from the lengths.

    The rows above become values [2, 5, 6, 3, 7, 3, 2, 3, 8, 3], lengths [6, 4], b_starts [4, 2].
    Where texts are cut into windows, a row may have several records.
    """

    values: np.ndarray  # int32 [total], [CLS] and [SEP] included
    lengths: np.ndarray  # int64 [N]
    b_starts: np.ndarray  # int64 [N], the first position of `b [SEP]`; the length without b
    documents: "np.ndarray | None" = None  # int64 [N], the row of each window; None without windows


def min_sequence_length(num_texts: int) -> int:
    """[CLS], and for each text one token and a [SEP]."""
    return records.special_tokens(num_texts) + num_texts


def truncate(length_a, length_b, room: int, math=np):
    """How many tokens of a pair to keep: drop the last one of the longer side until both fit.

    On a tie, b loses a token. This formula equals dropping them one by one:

    >>> truncate(np.array([5, 1, 9, 9]), np.array([1, 9, 9, 8]), room=7)
    (array([5, 1, 4, 4]), array([1, 6, 3, 3]))

    Args:
      length_a, length_b: int [N].
      room: the tokens that fit.
      math: the module of minimum and maximum: np, or tf for tensors.
    Returns: kept lengths, int [N] each.
    """
    kept_b = math.minimum(length_b, math.maximum(room - length_a, room // 2))
    return math.minimum(length_a, room - kept_b), kept_b


class Encoder:
    """Truncates to a length, or cuts into windows, and places [CLS], a, [SEP] (and b, [SEP])."""

    def __init__(
        self, vocabulary: Vocabulary, max_sequence_length: int, overlap: "int | None" = None
    ):
        """Args: overlap, of the windows of a text (shared/windows.py); None to truncate."""
        self._cls, self._sep = vocabulary.id(CLS), vocabulary.id(SEP)
        self._length, self._overlap = max_sequence_length, overlap

    def encode(self, ids: Ids) -> Tokens:
        if self._overlap is None:
            return self._placed(ids)
        room = room_of(self._length)
        places, sizes, documents = windows.cut(ids.lengths[:, 0], room, self._overlap)
        tokens = self._placed(Ids(ids.values[places], sizes[:, np.newaxis]))
        return replace(tokens, documents=documents)

    def _placed(self, ids: Ids) -> Tokens:
        kept = self._kept(ids.lengths)
        sizes = kept + 1  # each text has its [SEP]
        sizes[:, 0] += 1  # and the first one [CLS]
        text_ends = sizes.cumsum()
        row_ends = text_ends[ids.lengths.shape[1] - 1 :: ids.lengths.shape[1]]
        lengths = sizes.sum(axis=1)
        seps, starts = text_ends - 1, row_ends - lengths
        values = np.empty(lengths.sum(), np.int32)
        is_piece = np.ones(len(values), bool)
        is_piece[seps] = is_piece[starts] = False
        values[seps], values[starts] = self._sep, self._cls
        values[is_piece] = _kept_values(ids, kept)
        return Tokens(values=values, lengths=lengths, b_starts=sizes[:, 0])

    def _kept(self, lengths):
        """How many pieces of each text fit, int [N, 1 or 2]."""
        room = self._length - records.special_tokens(lengths.shape[1])
        if lengths.shape[1] == 1:
            return np.minimum(lengths, room)
        return np.stack(truncate(lengths[:, 0], lengths[:, 1], room), axis=1)


def _kept_values(ids: Ids, kept: np.ndarray) -> np.ndarray:
    """The first kept[n, t] ids of each text, one after the other."""
    lengths = ids.lengths.ravel()
    if lengths.sum() == kept.sum():
        return ids.values
    starts = lengths.cumsum() - lengths
    index_in_text = np.arange(len(ids.values)) - np.repeat(starts, lengths)
    return ids.values[index_in_text < np.repeat(kept.ravel(), lengths)]
