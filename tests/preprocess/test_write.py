import hashlib

import numpy as np
import pytest
import tensorflow as tf

from preprocess.write import ShardWriter
from shared import records

BATCH = {
    "input_ids": np.array([[2, 5, 3, 0], [2, 3, 0, 0]], np.int32),
    "input_mask": np.array([[0, 0, 0, 1], [0, 0, 1, 1]], np.int32),
    "segment_ids": np.zeros((2, 4), np.int32),
    "labels": np.array([1, -1], np.int64),
}


def test_a_shard_holds_the_rows_and_its_entry_describes_the_file(tmp_path):
    path = tmp_path / "train" / "train-00000-of-00001.tfrecord"
    with ShardWriter(str(path), is_regression=False) as writer:
        writer.write(BATCH)
        writer.write(BATCH)
    content = path.read_bytes()
    assert writer.shard.file == path.name
    assert (writer.shard.examples, writer.shard.bytes) == (4, len(content))
    assert writer.shard.sha256 == hashlib.sha256(content).hexdigest()
    spec = records.feature_spec(4, is_regression=False)
    rows = [tf.io.parse_single_example(row, spec) for row in tf.data.TFRecordDataset(str(path))]
    for number, row in enumerate(rows):
        for name, values in BATCH.items():
            np.testing.assert_array_equal(row[name], values[number % 2])


def test_a_failure_leaves_no_file(tmp_path):
    with (
        pytest.raises(ZeroDivisionError),
        ShardWriter(str(tmp_path / "s.tfrecord"), is_regression=False) as writer,
    ):
        writer.write(BATCH)
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
