import hashlib

import pytest
import tensorflow as tf

from preprocess.formats import tfrecord
from preprocess.output.shard_writer import ShardWriter
from shared.errors import UserError

ROWS = [b"one", b"", b"three"]


def test_a_shard_holds_the_rows_and_its_entry_describes_the_file(tmp_path):
    path = tmp_path / "train-00000-of-00001.tfrecord"
    with ShardWriter(str(path)) as writer:
        writer.write(tfrecord.frame(ROWS), 3)
        writer.write(tfrecord.frame(ROWS[:1]), 1)
    content = path.read_bytes()
    assert writer.shard.file == path.name
    assert (writer.shard.examples, writer.shard.bytes) == (4, len(content))
    assert writer.shard.sha256 == hashlib.sha256(content).hexdigest()
    found = [row.numpy() for row in tf.data.TFRecordDataset(str(path))]
    assert found == [*ROWS, ROWS[0]]


def test_a_failure_leaves_no_file(tmp_path):
    with (
        pytest.raises(ZeroDivisionError),
        ShardWriter(str(tmp_path / "s.tfrecord")) as writer,
    ):
        writer.write(tfrecord.frame(ROWS), 3)
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_removed_does_not_come_back(tmp_path):
    """As when a run has been given up, and one of its workers goes on."""
    with (
        pytest.raises(UserError, match="cannot write .*No such file or directory"),
        ShardWriter(str(tmp_path / "gone" / "s.tfrecord")),
    ):
        raise AssertionError
    assert list(tmp_path.iterdir()) == []
