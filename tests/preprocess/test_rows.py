import pytest

from preprocess.formats import tfrecord
from preprocess.sources import rows
from preprocess.sources.rows import RowFile, Rows
from shared import tasks
from shared.errors import UserError


def rows_of(tmp_path, *sizes, stated=None):
    """Rows "0", "1", ... in files of these sizes; `stated` is what the metadata says of them."""
    files, number = [], 0
    for k, size in enumerate(sizes):
        path = tmp_path / str(k)
        path.write_bytes(tfrecord.frame([str(n).encode() for n in range(number, number + size)]))
        files.append(RowFile(str(path), (stated or sizes)[k]))
        number += size
    return Rows(
        tasks.get("sst2"), ("sentence",), {"train": tuple(files)}, {}, None, "copy it again"
    )


def read(pieces, start):
    return [
        (batch.start, int(text))
        for batch in rows.batches(pieces, start)
        for text in batch.records.as_list()[:1]
    ], [int(text) for batch in rows.batches(pieces, start) for text in batch.records.as_list()]


def test_ranges_are_cut_out_of_several_files(tmp_path):
    source = rows_of(tmp_path, 5, 0, 3, 4)
    assert source.examples("train") == 12
    ranges = [(0, 4), (4, 4), (4, 9), (9, 12)]
    cut = rows.cut(source, "train", ranges)
    assert [[(piece.first, piece.rows) for piece in pieces] for pieces in cut] == [
        [(0, 4)], [], [(4, 1), (0, 3), (0, 1)], [(1, 3)],
    ]  # fmt: skip
    for pieces, (start, stop) in zip(cut, ranges, strict=True):
        firsts, numbers = read(pieces, start)
        assert numbers == list(range(start, stop))
        assert all(first == number for first, number in firsts)


@pytest.mark.parametrize("stated", [4, 6])
def test_other_rows_than_the_metadata_says(tmp_path, stated):
    source = rows_of(tmp_path, 5, stated=(stated,))
    with pytest.raises(UserError, match="0 is damaged.*copy it again"):
        rows.cut(source, "train", [(0, stated)])


def test_a_damaged_record_is_named(tmp_path):
    source = rows_of(tmp_path, 5)
    path = tmp_path / "0"
    content = bytearray(path.read_bytes())
    content[17 * 3 + 12] ^= 1  # each record takes 17 bytes
    path.write_bytes(content)
    (pieces,) = rows.cut(source, "train", [(1, 5)])
    with pytest.raises(UserError, match="record 3: the checksum of its content.*copy it again"):
        read(pieces, 1)
