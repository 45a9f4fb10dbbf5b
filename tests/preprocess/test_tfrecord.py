"""Our container against TensorFlow's own, and what is said of damage."""

import numpy as np
import pytest
import tensorflow as tf

from preprocess.formats import tfrecord
from preprocess.formats.tfrecord import DamagedRecordError

ROWS = [b"", b"a", bytes(range(256)), b"x" * 70_000, b"last"]


def write(path, rows):
    """By TensorFlow's writer."""
    with tf.io.TFRecordWriter(str(path)) as writer:
        for row in rows:
            writer.write(row)


def rows_of(path, offset=0):
    return [row for records in tfrecord.read(str(path), offset) for row in records.as_list()]


@pytest.mark.parametrize("rows", [[], [b""], ROWS])
def test_the_bytes_are_those_of_tensorflows_writer(tmp_path, rows):
    write(tmp_path / "f", rows)
    assert tfrecord.frame(rows) == (tmp_path / "f").read_bytes()
    assert rows_of(tmp_path / "f") == rows


@pytest.mark.parametrize("size", [2**19 - 16, 2**19 - 15, 2**19, 3 * 2**19])
def test_records_that_end_with_a_block_or_span_several(tmp_path, size):
    random = np.random.default_rng(size)
    rows = [b"first", random.bytes(size - 21), b"next", random.bytes(size), b"last"]
    (tmp_path / "f").write_bytes(tfrecord.frame(rows))
    assert rows_of(tmp_path / "f") == rows


def test_many_records_in_several_blocks(tmp_path):
    random = np.random.default_rng(1)
    rows = [random.bytes(n) for n in random.integers(0, 900, 5000).tolist()]
    (tmp_path / "f").write_bytes(tfrecord.frame(rows))
    assert rows_of(tmp_path / "f") == rows
    numbers = [0, 1, 1777, 4999, 5000]
    offsets = tfrecord.offsets(str(tmp_path / "f"), numbers)
    for number, offset in zip(numbers, offsets, strict=True):
        assert rows_of(tmp_path / "f", offset) == rows[number:]
    assert offsets[-1] == (tmp_path / "f").stat().st_size


def test_offsets_by_hand(tmp_path):
    (tmp_path / "f").write_bytes(tfrecord.frame([b"abc", b"", b"de"]))
    # Each record has 12 bytes before and 4 behind it.
    assert tfrecord.offsets(str(tmp_path / "f"), [0, 1, 2, 3]) == [0, 19, 35, 53]
    assert tfrecord.offsets(str(tmp_path / "f"), [2]) == [35]
    assert tfrecord.offsets(str(tmp_path / "f"), []) == []
    with pytest.raises(DamagedRecordError, match="record 3: the file ends before it"):
        tfrecord.offsets(str(tmp_path / "f"), [4])


def test_offsets_from_known_ones(tmp_path):
    framed = bytearray(tfrecord.frame([b"abc", b"", b"de"]))
    framed[0] = 200  # the first length, which is wrong if it is read
    (tmp_path / "f").write_bytes(framed)
    known = ((0, 0), (1, 19))
    assert tfrecord.offsets(str(tmp_path / "f"), [0, 1, 2, 3], known) == [0, 19, 35, 53]
    assert tfrecord.offsets(str(tmp_path / "f"), [3], known) == [53]


def test_part_of_the_records():
    records = tfrecord.Records(b"..ab..c..", np.array([2, 6]), np.array([2, 1]))
    assert (len(records), records.as_list()) == (2, [b"ab", b"c"])
    assert records.first(1).as_list() == [b"ab"] and len(records.first(0)) == 0


# The second record of ["abc", "defg", "h"] begins at byte 19.
@pytest.mark.parametrize(
    "at, problem",
    [
        (19, "record 1: its length is damaged"),
        (19 + 5, "record 1: its length is damaged"),
        (19 + 7, "record 1: its length is damaged"),
        (19 + 8, "record 1: its length is damaged"),
        (19 + 12, "record 1: the checksum of its content is wrong"),
        (19 + 15, "record 1: the checksum of its content is wrong"),
        (19 + 16, "record 1: the checksum of its content is wrong"),
    ],
)
def test_one_flipped_bit(tmp_path, at, problem):
    content = bytearray(tfrecord.frame([b"abc", b"defg", b"h"]))
    content[at] ^= 1
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(DamagedRecordError, match=problem) as error:
        rows_of(tmp_path / "f")
    assert error.value.number == 1


@pytest.mark.parametrize("missing", [1, 4, 5, 9, 17, 18])
def test_a_file_that_ends_within_a_record(tmp_path, missing):
    content = tfrecord.frame([b"abc", b"defg"])
    (tmp_path / "f").write_bytes(content[:-missing])
    with pytest.raises(DamagedRecordError, match="record 1: the file ends within it"):
        rows_of(tmp_path / "f")
