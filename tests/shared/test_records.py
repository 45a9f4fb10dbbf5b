"""What preprocess writes by the declaration of the record, and what train reads by it."""

import numpy as np
import pytest
import tensorflow as tf

from preprocess.encoding.encode import Tokens
from preprocess.encoding.serialize import Serializer
from shared import records

ROW = {
    "input_ids": [2, 5, 30521, 3, 7, 3, 0, 0],
    "input_mask": [0, 0, 0, 0, 0, 0, 1, 1],
    "segment_ids": [0, 0, 0, 0, 1, 1, 0, 0],
    "labels": -1,
}


def written(row, is_regression=False):
    """The bytes of one record."""
    length = row["input_mask"].count(records.TOKEN)
    tokens = Tokens(
        values=np.array(row["input_ids"][:length], np.int32),
        lengths=np.array([length]),
        b_starts=np.array([row["segment_ids"].index(records.SEGMENT_B)]),
    )
    labels = np.array([row["labels"]], np.float32 if is_regression else np.int64)
    (record,) = Serializer(len(row["input_ids"]), 30522, 0).serialize(tokens, labels)
    return record


@pytest.mark.parametrize("is_regression, label", [(False, 1), (False, -1), (True, 2.5)])
def test_a_record_survives_the_round_trip(is_regression, label):
    row = {**ROW, "labels": label}
    spec = records.feature_spec(8, is_regression)
    parsed = tf.io.parse_single_example(written(row, is_regression), spec)
    assert set(parsed) == set(row)
    for name, value in row.items():
        np.testing.assert_array_equal(parsed[name], value)


def test_a_record_holds_exactly_the_four_features():
    features = tf.train.Example.FromString(written(ROW)).features.feature
    kinds = {name: feature.WhichOneof("kind") for name, feature in features.items()}
    assert kinds == dict.fromkeys(ROW, "int64_list")
