"""Our bytes against protobuf's own deterministic serialization."""

import numpy as np
import pytest

from preprocess.serialize import serialize
from tests.inputs import to_example


def check(ids, mask, segments, labels, is_regression=False):
    labels = np.array(labels, np.float32 if is_regression else np.int64)
    batch = {"input_ids": np.array(ids, np.int32), "input_mask": np.array(mask, np.int32),
             "segment_ids": np.array(segments, np.int32), "labels": labels}  # fmt: skip
    expected = [
        to_example({name: values[n].tolist() for name, values in batch.items()}, is_regression)
        for n in range(len(labels))
    ]
    assert list(serialize(batch, is_regression)) == expected


# The first and last values of one, two and three bytes.
EDGES = [0, 1, 127, 128, 16383, 16384, 2**21 - 1]


@pytest.mark.parametrize("label", [-1, 0, 1, 127, 128, 300, 2**40])
def test_ids_and_labels_of_every_size(label):
    check([EDGES], [[0] * 7], [[0] * 7], [label])


def test_rows_of_different_sizes_in_one_batch():
    check([EDGES, [0] * 7, [5] * 7, EDGES[::-1]], np.eye(4, 7), np.eye(4, 7, 2), [0, 1, -1, 2])


@pytest.mark.parametrize("largest", [0, 127, 128, 30521])
def test_batches_of_small_and_of_large_ids(largest):
    check([[largest, 0], [0, largest]], [[0, 1]] * 2, [[0, 0]] * 2, [0, 1])


@pytest.mark.parametrize("length", [3, 100, 128, 449, 5000])
def test_headers_of_every_size(length):
    random = np.random.default_rng(length)
    check(random.integers(0, 30522, (5, length)), random.integers(0, 2, (5, length)),
          random.integers(0, 2, (5, length)), [0, 1, 2, -1, 0])  # fmt: skip


def test_scores():
    check([[2, 3]] * 4, [[0, 0]] * 4, [[0, 0]] * 4, [0.0, -1.0, 2.5, 4.95], is_regression=True)


def test_an_empty_batch():
    empty = np.zeros((0, 4), np.int32)
    assert list(serialize({"input_ids": empty, "input_mask": empty, "segment_ids": empty,
                           "labels": np.zeros(0, np.int64)}, False)) == []  # fmt: skip


def test_ids_that_do_not_fit_are_our_own_fault():
    with pytest.raises(AssertionError):
        check([[2**21]], [[0]], [[0]], [0])
