"""A batch of features becomes the bytes of one tf.train.Example a row, without protobuf objects.

A protobuf object for every row costs ten times as much as tokenizing it. The bytes are those that
protobuf's deterministic serialization gives (map entries in the order of their names), which
tests/preprocess/test_serialize.py shows. The format
(https://protobuf.dev/programming-guides/encoding):

    Example   {1: Features}
    Features  {1: entry {1: name, 2: Feature}} for every feature
    Feature   {2: FloatList {1: packed float32}} or {3: Int64List {1: packed varints}}

so that the payload of a feature stands behind a header that depends on its size alone.
"""

import functools
import struct
from itertools import pairwise
from typing import Iterator

import numpy as np

from shared import records

_FLOAT_LIST, _INT64_LIST = 2, 3
_VARINT_BITS = 7
_MAX_VARINT_BYTES = 3  # of a non-negative id: vocabularies stay below 2^21 pieces
_UINT64 = 2**64


def serialize(batch: dict, is_regression: bool) -> Iterator[bytes]:
    """Yields the serialized rows of {feature: int array [N, length], `labels`: array [N]}."""
    columns = []
    for feature in sorted(records.FEATURES, key=lambda feature: feature.name):
        entries = _token_entries if feature.per_token else _label_entries
        columns.append(entries(feature.name, batch[feature.name], is_regression))
    for entries in zip(*columns, strict=True):
        body = b"".join(entries)
        yield _tag_and_size(1, len(body)) + body


def _label_entries(name: str, values: np.ndarray, is_regression: bool) -> Iterator[bytes]:
    """The map entry of a feature with one value, for every row."""
    for value in values.tolist():
        yield _label_entry(name, value, is_regression)


def _token_entries(name: str, values: np.ndarray, _) -> Iterator[bytes]:
    """The map entry of a per-token feature, for every row."""
    payload, starts = _packed_varints(values)
    for start, stop in pairwise(starts):
        yield _header(name, _INT64_LIST, stop - start) + payload[start:stop]


def _packed_varints(values: np.ndarray) -> "tuple[bytes, list[int]]":
    """Varints of all rows, one after the other: low 7 bits first, the high bit says that more come.

    Args: values, non-negative ints [N, length].
    Returns: the bytes, and where each row's begin, N + 1 offsets.
    """
    largest = int(values.max(initial=0))
    assert values.min(initial=0) >= 0 and largest < 2 ** (_VARINT_BITS * _MAX_VARINT_BYTES)
    if largest < 2**_VARINT_BITS:
        length = values.shape[1]
        return values.astype(np.uint8).tobytes(), [row * length for row in range(len(values) + 1)]
    digits = np.stack([values >> (_VARINT_BITS * k) for k in range(_MAX_VARINT_BYTES)], axis=-1)
    is_used = digits > 0
    is_used[..., 0] = True
    continues = np.zeros_like(is_used)
    continues[..., :-1] = is_used[..., 1:]
    encoded = (digits & 127 | continues << _VARINT_BITS).astype(np.uint8)
    starts = np.cumsum(is_used.sum(axis=(1, 2)))
    return encoded[is_used].tobytes(), [0, *starts.tolist()]


@functools.lru_cache(maxsize=2**16)  # a task has few labels, and few different scores
def _label_entry(name: str, value, is_regression: bool) -> bytes:
    if is_regression:
        payload = struct.pack("<f", value)
        return _header(name, _FLOAT_LIST, len(payload)) + payload
    payload = _varint(value % _UINT64)  # a negative int64 goes by its two's complement
    return _header(name, _INT64_LIST, len(payload)) + payload


@functools.lru_cache(maxsize=None)
def _header(name: str, kind: int, size: int) -> bytes:
    """All of a map entry but its payload of `size` bytes, which follows."""
    values = _tag_and_size(1, size)
    feature = _tag_and_size(kind, len(values) + size) + values
    key = _tag_and_size(1, len(name)) + name.encode("ascii")
    entry = key + _tag_and_size(2, len(feature) + size) + feature
    return _tag_and_size(1, len(entry) + size) + entry


@functools.lru_cache(maxsize=None)
def _tag_and_size(field: int, size: int) -> bytes:
    """What stands before a length-delimited field (wire type 2)."""
    return _varint(field << 3 | 2) + _varint(size)


def _varint(value: int) -> bytes:
    """150 -> b'\\x96\\x01'."""
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= _VARINT_BITS
    encoded.append(value)
    return bytes(encoded)
