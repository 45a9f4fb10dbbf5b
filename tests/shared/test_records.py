import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from shared import records

ROW = {
    "input_ids": [2, 5, 30521, 3, 7, 3, 0, 0],
    "input_mask": [0, 0, 0, 0, 0, 0, 1, 1],
    "segment_ids": [0, 0, 0, 0, 1, 1, 0, 0],
    "labels": -1,
}


@pytest.mark.parametrize("is_regression, label", [(False, 1), (False, -1), (True, 2.5)])
def test_a_record_survives_the_round_trip(is_regression, label):
    row = {**ROW, "labels": label}
    serialized = records.to_example(row, is_regression)
    parsed = tf.io.parse_single_example(serialized, records.feature_spec(8, is_regression))
    assert set(parsed) == set(row)
    for name, value in row.items():
        np.testing.assert_array_equal(parsed[name], value)


def test_a_record_holds_exactly_the_four_features():
    example = tf.train.Example.FromString(records.to_example(ROW, False))
    assert {
        name: feature.WhichOneof("kind") for name, feature in example.features.feature.items()
    } == dict.fromkeys(ROW, "int64_list")


def test_the_bytes_are_the_same_in_every_process():
    code = f"from shared import records; print(records.to_example({ROW!r}, False).hex())"
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert other == records.to_example(ROW, False).hex()
