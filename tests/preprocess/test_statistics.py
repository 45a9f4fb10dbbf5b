from collections import Counter

import numpy as np
import tensorflow as tf

from preprocess import statistics
from preprocess.encode import Ids
from preprocess.sources import Rows
from preprocess.statistics import Statistics
from shared import tasks


def rows(texts, labels, start=0):
    return Rows(start, (tf.constant(texts, tf.string),), tf.constant(labels, tf.int64))


def test_the_counts_of_a_batch():
    ids = [Ids(np.array([5, 1, 6], np.int32), np.array([0, 2, 3])),
           Ids(np.array([1], np.int32), np.array([0, 0, 1]))]  # fmt: skip
    pairs = Rows(0, (tf.constant(["x y", "z"]), tf.constant(["", "w"])), tf.constant([1, -1]))
    found = statistics.of_batch(pairs, ids, unk_id=1)
    # [CLS] x y [SEP] [SEP] and [CLS] z [SEP] w [SEP]: 5 tokens each.
    assert found.lengths == Counter({5: 2})
    assert (found.examples, found.pieces, found.unknown, found.unlabelled) == (2, 4, 2, 1)
    assert found.unknown_share() == 0.5
    assert found.labels == Counter({1: 1})
    assert found.label_counts(tasks.get("rte")) == {"entailment": 0, "not_entailment": 1}
    assert (found.truncated(5), found.truncated(4)) == (0, 2)


def test_scores_are_not_counted_as_labels():
    scored = Rows(0, (tf.constant(["a"]),), tf.constant([2.5]))
    found = statistics.of_batch(scored, [Ids(np.array([5]), np.array([0, 1]))], unk_id=1)
    assert (found.labels, found.unlabelled) == (Counter(), 0)
    assert found.label_counts(tasks.get("stsb")) == {}


def test_nothing_has_no_unknown_share():
    assert Statistics().unknown_share() == 0.0


def test_the_fingerprint_does_not_depend_on_how_rows_are_cut():
    texts, labels = ["a", "b", "c", "d", "e"], [0, 1, 0, 1, 1]
    whole = statistics.rows_fingerprint(rows(texts, labels))
    for cut in range(6):
        parts = [rows(texts[:cut], labels[:cut]), rows(texts[cut:], labels[cut:], start=cut)]
        total = sum(
            (Statistics(rows_fingerprint=statistics.rows_fingerprint(part)) for part in parts),
            Statistics(),
        )
        assert total.rows_fingerprint == whole < 2**64


def test_the_fingerprint_knows_content_label_and_order():
    seen = {
        statistics.rows_fingerprint(rows(texts, labels))
        for texts, labels in (
            (["a", "b"], [0, 1]), (["b", "a"], [0, 1]), (["a", "b"], [1, 0]),
            (["a", "c"], [0, 1]), (["a"], [0]),
        )
    }  # fmt: skip
    assert len(seen) == 5
