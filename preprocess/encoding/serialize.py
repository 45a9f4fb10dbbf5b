"""Serializes a batch of records, one tf.train.Example each, without protobuf objects.

A protobuf object for every row costs ten times as much as tokenizing it. Only the tokens are
encoded value by value; the rest of a record depends on few numbers (length, start of b, label) and
is built once for each combination in the batch.

The bytes equal protobuf's deterministic serialization (map entries in the order of their names);
tests/preprocess/test_serialize.py shows it. See preprocess/formats/example_bytes.py for the format.
"""

import numpy as np

from preprocess.encoding.encode import Tokens
from preprocess.formats import example_bytes
from shared import records

# In the order of their names, as in the bytes; input_ids, which differs most, comes first.
_NAMES = ("input_ids", "input_mask", "labels", "segment_ids", "weights")
_CELL_BYTES = 4  # of a varint below 2^28
assert sorted(_NAMES) == sorted(feature.name for feature in (*records.FEATURES, records.WEIGHTS))


class Serializer:
    """Serializes records of one length and one vocabulary."""

    def __init__(self, max_sequence_length: int, vocab_size: int, pad_id: int):
        self._length = max_sequence_length
        self._pad = example_bytes.varint(pad_id)
        self._varints = Varints(vocab_size)

    def serialize(
        self, tokens: Tokens, labels: np.ndarray, weights: "np.ndarray | None" = None
    ) -> "list[bytes]":
        """Returns the N serialized Examples.

        Args:
          tokens: of N records.
          labels: int64 [N], or float32 [N] for a regression task, or int64 [N, C] for multi-label.
          weights: float32 [N]; None for records without.
        """
        encoded, starts = self._varints.encode(tokens.values, tokens.lengths)
        tails, which_tail = self._tails(tokens, labels)
        ends = _ends(weights, len(labels))
        end_size = len(ends[0]) if ends else 0  # the same for all
        padding = len(self._pad) * (self._length - tokens.lengths)
        tail_sizes = np.array([len(tail) for tail in tails])[which_tail] - padding + end_size
        heads, which_head = _heads(np.diff(starts) + padding, tail_sizes)
        starts = starts.tolist()
        return [
            b"".join((heads[head], encoded[start:stop], tails[tail], end))
            for head, start, stop, tail, end in zip(
                which_head.tolist(), starts[:-1], starts[1:], which_tail.tolist(), ends, strict=True
            )
        ]

    def _tails(self, tokens: Tokens, labels: np.ndarray) -> "tuple[list[bytes], np.ndarray]":
        """What follows the tokens in a record, but for its weight: the distinct ones, and which one
        each row has."""
        # `unique` treats -0.0 and 0.0 as one value, so the bytes must, too: x + 0 is never -0.0.
        axis = 0 if labels.ndim > 1 else None
        known_labels, label_index = np.unique(labels + 0, axis=axis, return_inverse=True)
        entries = [_label_entry(label) for label in known_labels]
        (lengths, b_starts, label_index), which = _distinct(
            tokens.lengths, tokens.b_starts, label_index.reshape(-1)
        )
        mask, segments = records.mask_and_segments(lengths, b_starts, self._length)
        mask, segments = mask.astype(np.uint8), segments.astype(np.uint8)
        tails = [
            self._pad * (self._length - length)
            + example_bytes.int64_entry("input_mask", mask[n].tobytes())
            + entries[label_index[n]]
            + example_bytes.int64_entry("segment_ids", segments[n].tobytes())
            for n, length in enumerate(lengths.tolist())
        ]
        return tails, which


def _ends(weights: "np.ndarray | None", rows: int) -> "list[bytes]":
    """What ends each record: its weight, or nothing."""
    if weights is None:
        return [b""] * rows
    packed = weights.astype("<f4").tobytes()
    return [
        example_bytes.float_entry("weights", packed[at : at + 4]) for at in range(0, len(packed), 4)
    ]


def _heads(ids_sizes: np.ndarray, tail_sizes: np.ndarray) -> "tuple[list[bytes], np.ndarray]":
    """What comes before the tokens: the distinct ones, and which one each row has.

    Args: sizes in bytes of input_ids' values, and of what follows them in the record, int [N].
    """
    (ids_sizes, tail_sizes), which = _distinct(ids_sizes, tail_sizes)
    heads = []
    for ids_size, tail_size in zip(ids_sizes.tolist(), tail_sizes.tolist(), strict=True):
        header = example_bytes.int64_header("input_ids", ids_size)
        heads.append(example_bytes.tag_and_size(1, len(header) + ids_size + tail_size) + header)
    return heads, which


def _distinct(*columns: np.ndarray) -> "tuple[list[np.ndarray], np.ndarray]":
    """The distinct rows of columns of non-negative ints [N], and which of them each row is."""
    key = columns[0]
    for column in columns[1:]:
        key = key * (column.max(initial=0) + 1) + column
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    return [column[first] for column in columns], which


def _label_entry(label) -> bytes:
    if label.dtype.kind == "f":
        return example_bytes.float_entry("labels", label.astype("<f4").tobytes())
    values = np.atleast_1d(label).tolist()
    return example_bytes.int64_entry("labels", b"".join(map(example_bytes.varint, values)))


class Varints:
    r"""Encodes ids as varints: low 7 bits first, the high bit says that more follow.

    >>> Varints(400).encode(np.array([3, 300, 5]), np.array([2, 1]))
    (b'\x03\xac\x02\x05', array([0, 3, 4]))
    """

    def __init__(self, vocab_size: int):
        encoded = [example_bytes.varint(value) for value in range(vocab_size)]
        assert len(encoded[-1]) <= _CELL_BYTES
        self._sizes = np.array([len(value) for value in encoded], np.uint8)
        # A value's bytes as one number, so that looking up a value is looking up a number.
        self._cells = _cells(encoded)
        self._is_used = _cells([b"\1" * len(value) for value in encoded])

    def encode(self, values: np.ndarray, lengths: np.ndarray) -> "tuple[bytes, np.ndarray]":
        """The varints of all rows, concatenated.

        Args: values, ids [total]; lengths, the number of values in each row [N].
        Returns: the bytes, and where each row begins and the last one ends, int [N + 1].
        """
        value_ends = np.concatenate([[0], self._sizes[values].cumsum(dtype=np.int64)])
        row_ends = np.concatenate([[0], lengths.cumsum()])
        is_used = self._is_used[values].view(bool)
        return self._cells[values].view(np.uint8)[is_used].tobytes(), value_ends[row_ends]


def _cells(encoded: "list[bytes]") -> np.ndarray:
    return np.frombuffer(b"".join(value.ljust(_CELL_BYTES, b"\0") for value in encoded), np.uint32)
