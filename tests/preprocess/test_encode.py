import numpy as np
import pytest

from preprocess.encoding.encode import Encoder, Ids, min_sequence_length, truncate
from shared.vocab import Vocabulary
from tests.inputs import padded

PAD, CLS, SEP = 0, 2, 3
VOCABULARY = Vocabulary("v", "v.txt", ("[PAD]", "[UNK]", "[CLS]", "[SEP]"), "", True, True, True)


def encode(length, *columns):
    """The padded features of rows given as columns of texts, each a list of ids."""
    rows = list(zip(*columns, strict=True))
    values = [i for row in rows for text in row for i in text]
    lengths = [[len(text) for text in row] for row in rows]
    tokens = Encoder(VOCABULARY, length).encode(Ids(np.array(values, np.int32), np.array(lengths)))
    return padded(tokens, length, PAD)


def test_a_sentence():
    assert encode(6, [[5, 6]]) == {
        "input_ids": [[CLS, 5, 6, SEP, PAD, PAD]],
        "input_mask": [[0, 0, 0, 0, 1, 1]],
        "segment_ids": [[0, 0, 0, 0, 0, 0]],
    }


def test_the_pair_of_the_record_table():
    assert encode(8, [[5, 6]], [[7]]) == {
        "input_ids": [[CLS, 5, 6, SEP, 7, SEP, PAD, PAD]],
        "input_mask": [[0, 0, 0, 0, 0, 0, 1, 1]],
        "segment_ids": [[0, 0, 0, 0, 1, 1, 0, 0]],
    }


@pytest.mark.parametrize(
    "text, expected",
    [
        ([], [CLS, SEP, PAD, PAD, PAD]),
        ([5, 6, 7], [CLS, 5, 6, 7, SEP]),  # exact fit
        ([5, 6, 7, 8], [CLS, 5, 6, 7, SEP]),  # one over
        (list(range(5, 100)), [CLS, 5, 6, 7, SEP]),
    ],
)
def test_sentence_edges(text, expected):
    assert encode(5, [text])["input_ids"] == [expected]


@pytest.mark.parametrize(
    "a, b, expected, segments",
    [
        ([], [], [CLS, SEP, SEP, PAD, PAD, PAD, PAD], [0, 0, 1, 0, 0, 0, 0]),
        ([], [7], [CLS, SEP, 7, SEP, PAD, PAD, PAD], [0, 0, 1, 1, 0, 0, 0]),
        ([5], [], [CLS, 5, SEP, SEP, PAD, PAD, PAD], [0, 0, 0, 1, 0, 0, 0]),
        ([5, 6], [7, 8], [CLS, 5, 6, SEP, 7, 8, SEP], [0, 0, 0, 0, 1, 1, 1]),  # exact fit
        ([5, 6], [7, 8, 9], [CLS, 5, 6, SEP, 7, 8, SEP], [0, 0, 0, 0, 1, 1, 1]),  # b is longer
        ([4, 5, 6], [7, 8], [CLS, 4, 5, SEP, 7, 8, SEP], [0, 0, 0, 0, 1, 1, 1]),  # a is longer
        ([4, 5, 6], [7, 8, 9], [CLS, 4, 5, SEP, 7, 8, SEP], [0, 0, 0, 0, 1, 1, 1]),  # tie, 2 over
        ([], [7] * 9, [CLS, SEP, 7, 7, 7, 7, SEP], [0, 0, 1, 1, 1, 1, 1]),
        ([5] * 9, [], [CLS, 5, 5, 5, 5, SEP, SEP], [0, 0, 0, 0, 0, 0, 1]),
    ],
)
def test_pair_edges(a, b, expected, segments):
    encoded = encode(7, [a], [b])
    assert encoded["input_ids"] == [expected]
    assert encoded["segment_ids"] == [segments]
    assert encoded["input_mask"] == [[int(i == PAD) for i in expected]]


def test_on_a_tie_b_loses():
    assert encode(8, [[4, 5, 6]], [[7, 8, 9]])["input_ids"] == [[CLS, 4, 5, 6, SEP, 7, 8, SEP]]


def test_rows_of_one_batch_do_not_mix():
    encoded = encode(7, [[5], [], [6, 6, 6, 6]], [[], [7, 8], [9]])
    assert encoded["input_ids"] == [
        [CLS, 5, SEP, SEP, PAD, PAD, PAD],
        [CLS, SEP, 7, 8, SEP, PAD, PAD],
        [CLS, 6, 6, 6, SEP, 9, SEP],
    ]


def drop_one_by_one(a, b, room):
    """The rule as DESIGN.md states it."""
    while a + b > room:
        if a > b:
            a -= 1
        else:
            b -= 1
    return a, b


@pytest.mark.parametrize("room", range(2, 13))
def test_the_formula_ends_where_dropping_one_by_one_ends(room):
    a, b = (axis.ravel() for axis in np.meshgrid(np.arange(16), np.arange(16)))
    kept_a, kept_b = truncate(a, b, room)
    expected = [drop_one_by_one(*pair, room) for pair in zip(a.tolist(), b.tolist(), strict=True)]
    assert list(zip(kept_a.tolist(), kept_b.tolist(), strict=True)) == expected


def test_the_shortest_record_holds_a_token_of_each_text():
    assert (min_sequence_length(1), min_sequence_length(2)) == (3, 5)
    assert encode(5, [[5, 5]], [[6, 6]])["input_ids"] == [[CLS, 5, SEP, 6, SEP]]
