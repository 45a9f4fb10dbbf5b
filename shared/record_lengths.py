"""Whether the records of a TFRecord file end within it: TensorFlow takes the memory for a record
before it reads one, and ends the program where there is not so much."""

import mmap
import os
import struct
from typing import Optional

_LENGTH = struct.Struct("<Q")
_AROUND = 16  # bytes of a record besides its content: the length and two checksums


def fault(path: str) -> Optional[str]:
    """What is wrong with the lengths of a file's records, a verb phrase; None if nothing is.

    Checksums are not looked at. A million records take about half a second.
    """
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if not size:  # nothing can be mapped
            return None
        with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as content:
            return _fault(content, size)


def _fault(content, size: int) -> Optional[str]:
    """Args: content, bytes [size].

    >>> _fault(_LENGTH.pack(2) + bytes(10), 18), _fault(_LENGTH.pack(2**40) + bytes(10), 18)
    (None, 'has 2 bytes for record 0, which should have 1,099,511,627,776')
    """
    start = number = 0
    while start + _AROUND <= size:
        length = _LENGTH.unpack_from(content, start)[0]
        room = size - start - _AROUND
        if length > room:
            return f"has {room:,} bytes for record {number}, which should have {length:,}"
        start += length + _AROUND
        number += 1
    return None
