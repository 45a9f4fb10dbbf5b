"""The part of Protocol Buffers' wire format that a tf.train.Example needs.

    Example   {1: Features}
    Features  {1: entry {1: name, 2: Feature}} for every feature
    Feature   {1: BytesList {1: bytes, ...}}, {2: FloatList {1: packed float32}} or
              {3: Int64List {1: packed varints}}

(https://protobuf.dev/programming-guides/encoding). The payload of a feature follows a header that
depends only on its name and size.
"""

import functools

_BYTES_LIST, _FLOAT_LIST, _INT64_LIST = 1, 2, 3
_UINT64 = 2**64


def example(*entries: bytes) -> bytes:
    """An Example of these map entries; canonical if they are in the order of their names."""
    body = b"".join(entries)
    return tag_and_size(1, len(body)) + body


def bytes_entry(name: str, value: bytes) -> bytes:
    """A feature of one string."""
    return _header(name, _BYTES_LIST, len(value)) + value


def float_entry(name: str, packed: bytes) -> bytes:
    """A feature of little-endian float32 values."""
    return _header(name, _FLOAT_LIST, len(packed)) + packed


def int64_entry(name: str, packed: bytes) -> bytes:
    """A feature of varints."""
    return int64_header(name, len(packed)) + packed


def int64_header(name: str, size: int) -> bytes:
    """What precedes `size` bytes of varints."""
    return _header(name, _INT64_LIST, size)


def before_bytes(entry: bytes, size: int, name: str) -> bytes:
    """What precedes the string of an Example of an entry and a feature of one string.

    >>> before_bytes(b"", 2, "a") + b"hi" == example(bytes_entry("a", b"hi"))
    True

    Args: size, of the string in bytes; name, of its feature.
    """
    header = _header(name, _BYTES_LIST, size)
    return tag_and_size(1, len(entry) + len(header) + size) + entry + header


@functools.lru_cache(maxsize=2**16)
def _header(name: str, kind: int, size: int) -> bytes:
    """A map entry without its payload of `size` bytes, which follows."""
    values = tag_and_size(1, size)
    feature = tag_and_size(kind, len(values) + size) + values
    key = tag_and_size(1, len(name.encode("utf-8"))) + name.encode("utf-8")
    entry = key + tag_and_size(2, len(feature) + size) + feature
    return tag_and_size(1, len(entry) + size) + entry


@functools.lru_cache(maxsize=2**16)
def tag_and_size(field: int, size: int) -> bytes:
    """What precedes a length-delimited field (wire type 2)."""
    return varint(field << 3 | 2) + varint(size)


def varint(value: int) -> bytes:
    """Low 7 bits first; a negative int64 is encoded as its two's complement.

    >>> varint(150)
    b'\\x96\\x01'
    """
    value %= _UINT64
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
