"""The TFRecord container: one record after the other, each with its length and two checksums.

    uint64 length | uint32 crc of these 8 bytes | the record | uint32 crc of the record

all little-endian; crc is CRC-32C, masked as in `_checksums`
(https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details). TensorFlow's
own writer needs a call for each record, which costs more than tokenizing it; its reader cannot
start at an offset and does not say which record is damaged.
"""

import functools
import os
import struct
from bisect import bisect_right
from dataclasses import dataclass
from operator import itemgetter
from typing import Iterator, Sequence

import google_crc32c
import numpy as np

_LENGTH = struct.Struct("<Q")
_HEADER_BYTES, _FOOTER_BYTES = 12, 4
_AROUND = _HEADER_BYTES + _FOOTER_BYTES
_BLOCK_BYTES = 2**19


class DamagedRecordError(Exception):
    """Record `number` of a file (from 0) is damaged."""

    def __init__(self, number: int, problem: str):
        super().__init__(f"record {number}: {problem}")
        self.number = number


@dataclass(frozen=True)
class Records:
    """Records in place in a block of a file, so that TensorFlow can take them in one piece."""

    content: bytes
    starts: np.ndarray  # int64 [N]
    lengths: np.ndarray  # int64 [N]

    def __len__(self) -> int:
        return len(self.starts)

    def first(self, count: int) -> "Records":
        return Records(self.content, self.starts[:count], self.lengths[:count])

    def as_list(self) -> "list[bytes]":
        ends = (self.starts + self.lengths).tolist()
        return [self.content[a:b] for a, b in zip(self.starts.tolist(), ends, strict=True)]


def frame(records: "list[bytes]") -> bytes:
    """The records as they are in a file, one after the other."""
    pieces = [b""] * (3 * len(records))
    pieces[0::3] = map(_header, map(len, records))
    pieces[1::3] = records
    pieces[2::3] = _checksums(records).view(f"V{_FOOTER_BYTES}").tolist()
    return b"".join(pieces)


def read(path: str, offset: int = 0, number: int = 0) -> "Iterator[Records]":
    """Yields the records to the end of the file, half a megabyte at a time.

    Args: offset, where the first of them begins; number, its number in the file.
    Raises:
      DamagedRecordError: a checksum is wrong or the file ends within a record.
    """
    for records, problems in scan(path, offset, number):
        if problems:
            first = min(problems)
            raise DamagedRecordError(number + first, problems[first])
        number += len(records)
        yield records


def scan(path: str, offset: int = 0, number: int = 0) -> "Iterator[tuple[Records, dict[int, str]]]":
    """Like `read`, but continues after a wrong checksum.

    Yields: records, and {index among them: what is wrong}.
    Raises:
      DamagedRecordError: the start of the next record is unknown.
    """
    with open(path, "rb") as file:
        file.seek(offset)
        block = b""
        while chunk := file.read(_BLOCK_BYTES):
            block += chunk
            ends, is_damaged = _ends(block)
            if len(ends) > 1:
                found = Records(block, ends[:-1] + _HEADER_BYTES, np.diff(ends) - _AROUND)
                sound = _sound_lengths(found)
                yield found.first(sound), _problems(found.first(sound))
                if sound < len(found):
                    raise DamagedRecordError(number + sound, "its length is damaged")
            number += len(ends) - 1
            if is_damaged:
                raise DamagedRecordError(number, "its length is damaged")
            block = block[ends[-1] :]
        if block:
            raise DamagedRecordError(number, "the file ends within it")


def _ends(block: bytes) -> "tuple[np.ndarray, bool]":
    """0 and the end of each record that is complete in the block; whether the next is damaged."""
    at, ends, is_damaged = 0, [0], False
    while at + _HEADER_BYTES <= len(block):
        length = _LENGTH.unpack_from(block, at)[0]
        if at + length + _AROUND > len(block):
            # With a damaged length, the rest of the file would be read as one record.
            is_damaged = block[at : at + _HEADER_BYTES] != _header(length)
            break
        at += length + _AROUND
        ends.append(at)
    return np.array(ends), is_damaged


def _sound_lengths(records: Records) -> int:
    """The number of records before the first one whose length has a wrong checksum."""
    lengths, which = np.unique(records.lengths, return_inverse=True)
    headers = np.frombuffer(b"".join(map(_header, lengths.tolist())), np.uint8)
    content = np.frombuffer(records.content, np.uint8)
    found = content[records.starts[:, None] + np.arange(-_HEADER_BYTES, 0)]
    is_wrong = (headers.reshape(-1, _HEADER_BYTES)[which] != found).any(axis=1)
    return int(is_wrong.argmax()) if is_wrong.any() else len(records)


def _problems(records: Records) -> "dict[int, str]":
    """{index: what is wrong} for the records whose content has a wrong checksum."""
    content = np.frombuffer(records.content, np.uint8)
    footers = content[(records.starts + records.lengths)[:, None] + np.arange(_FOOTER_BYTES)]
    is_wrong = footers.view("<u4")[:, 0] != _checksums(records.as_list())
    text = "the checksum of its content is wrong"
    return dict.fromkeys(np.flatnonzero(is_wrong).tolist(), text)


def offsets(
    path: str, numbers: "list[int]", known: "Sequence[tuple[int, int]]" = ()
) -> "list[int]":
    """Where the records of these numbers (ascending) begin; the number after the last is the end.

    Only lengths are read; the content is checked by `read`.

    Args: known, numbers and offsets of some records, ascending, so that no length before is read.
    Raises:
      DamagedRecordError: the file ends too early.
    """
    found, number, start, at, block = [], 0, 0, 0, b""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        for wanted in numbers:
            before = bisect_right(known, wanted, key=itemgetter(0)) - 1
            if before >= 0 and known[before][0] > number:
                (number, start), at, block = known[before], 0, b""
            while number < wanted:
                if at + _HEADER_BYTES > len(block):
                    start, at = start + at, 0
                    if start > size:
                        raise DamagedRecordError(number - 1, "the file ends within it")
                    file.seek(start)
                    block = file.read(_BLOCK_BYTES)
                    if len(block) < _HEADER_BYTES:
                        raise DamagedRecordError(number, "the file ends before it")
                at += _LENGTH.unpack_from(block, at)[0] + _AROUND
                number += 1
            found.append(start + at)
    return found


@functools.lru_cache(maxsize=2**14)
def _header(length: int) -> bytes:
    encoded = _LENGTH.pack(length)
    return encoded + _checksums([encoded]).tobytes()


def _checksums(contents: "list[bytes]") -> np.ndarray:
    """The masked crc of each: rotated right by 15 bits, plus a constant; little-endian uint32."""
    crc = np.fromiter(map(google_crc32c.value, contents), np.uint32, len(contents))
    return ((crc >> 15 | crc << 17) + np.uint32(0xA282EAD8)).astype("<u4")
