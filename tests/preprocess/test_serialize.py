"""Our bytes against protobuf's own deterministic serialization."""

import numpy as np
import pytest

from preprocess.encoding.encode import Tokens
from preprocess.encoding.serialize import Serializer
from shared import records
from tests.inputs import to_example


def check(rows, b_starts, labels, length, is_regression=False, vocab_size=30522, pad=0):
    """Args: rows, lists of ids; b_starts, where the second text of each begins."""
    lengths = np.array([len(row) for row in rows], np.int64)
    values = np.array([i for row in rows for i in row], np.int32)
    labels = np.array(labels, np.float32 if is_regression else np.int64)
    tokens = Tokens(values, lengths, np.array(b_starts, np.int64))
    mask, segments = records.mask_and_segments(lengths, b_starts, length)
    expected = [
        to_example({"input_ids": row + [pad] * (length - len(row)), "input_mask": mask[n].tolist(),
                    "segment_ids": segments[n].tolist(), "labels": labels[n].item()}, is_regression)
        for n, row in enumerate(rows)
    ]  # fmt: skip
    assert Serializer(length, vocab_size, pad).serialize(tokens, labels) == expected


# The first and last values of one, two and three bytes.
EDGES = [0, 1, 127, 128, 16383, 16384, 30521]


@pytest.mark.parametrize("label", [-1, 0, 1, 127, 128, 300, 2**40])
def test_ids_and_labels_of_every_size(label):
    check([EDGES], [7], [label], 7)


@pytest.mark.parametrize("pad", [0, 127, 128, 20000])
def test_rows_of_different_sizes_in_one_batch(pad):
    rows = [EDGES, [0] * 2, [5] * 7, EDGES[::-1][:4], EDGES[:4]]
    check(rows, [3, 2, 7, 2, 2], [0, 1, -1, 2, 2], 9, pad=pad)


@pytest.mark.parametrize("length", [3, 100, 128, 449, 5000])
def test_headers_of_every_size(length):
    random = np.random.default_rng(length)
    sizes = random.integers(1, length + 1, 20).tolist()
    rows = [random.integers(0, 30522, size).tolist() for size in sizes]
    starts = [random.integers(0, size + 1) for size in sizes]
    check(rows, starts, random.integers(-1, 3, 20), length, vocab_size=30522)


def test_scores():
    check([[2, 3]] * 4, [2] * 4, [0.0, -1.0, 2.5, 4.95], 2, is_regression=True)


def test_a_large_vocabulary():
    check([[2**21 - 1, 2**21, 2**21 + 1]], [3], [0], 4, vocab_size=2**21 + 2)


def test_an_empty_batch():
    check([], [], [], 4)
