from collections import Counter

import numpy as np
import tensorflow as tf

from preprocess.encoding import statistics
from preprocess.encoding.encode import Ids
from preprocess.encoding.statistics import Statistics
from shared import tasks


def fingerprint(texts, labels, start=0):
    hashes = tf.raw_ops.Fingerprint(data=tf.constant(texts, tf.string), method="farmhash64")
    labels = np.array(labels, np.int64)
    return statistics.rows_fingerprint(hashes.numpy().reshape(-1, 1, 8), labels, start)


def test_the_counts_of_a_batch():
    # ("x y", "") with an unknown y, ("z", "w") with an unknown w.
    ids = Ids(np.array([5, 1, 6, 1], np.int32), np.array([[2, 0], [1, 1]]))
    hashes = np.zeros((2, 2, 8), np.uint8)
    found = statistics.of_batch(ids, np.array([1, -1]), hashes, start=0, unk_id=1)
    # [CLS] x y [SEP] [SEP] and [CLS] z [SEP] w [SEP]: 5 tokens each.
    assert found.lengths == Counter({5: 2})
    assert (found.examples, found.pieces, found.unknown, found.unlabelled) == (2, 4, 2, 1)
    assert found.unknown_share() == 0.5
    assert found.labels == Counter({1: 1})
    assert found.label_counts(tasks.get("rte")) == {"entailment": 0, "not_entailment": 1}
    assert (found.truncated(5), found.truncated(4)) == (0, 2)


def test_scores_are_not_counted_as_labels():
    ids, hashes = Ids(np.array([5]), np.array([[1]])), np.zeros((1, 1, 8), np.uint8)
    found = statistics.of_batch(ids, np.array([2.5], np.float32), hashes, start=0, unk_id=1)
    assert (found.labels, found.unlabelled) == (Counter(), 0)
    assert found.label_counts(tasks.get("stsb")) == {}


def test_nothing_has_no_unknown_share():
    assert Statistics().unknown_share() == 0.0


def test_the_fingerprint_does_not_depend_on_how_rows_are_cut():
    texts, labels = ["a", "b", "c", "d", "e"], [0, 1, 0, 1, 1]
    whole = fingerprint(texts, labels)
    for cut in range(6):
        parts = [
            fingerprint(texts[:cut], labels[:cut]),
            fingerprint(texts[cut:], labels[cut:], start=cut),
        ]
        total = sum((Statistics(rows_fingerprint=part) for part in parts), Statistics())
        assert total.rows_fingerprint == whole < 2**64


def test_the_fingerprint_knows_content_label_and_order():
    seen = {
        fingerprint(texts, labels)
        for texts, labels in (
            (["a", "b"], [0, 1]), (["b", "a"], [0, 1]), (["a", "b"], [1, 0]),
            (["a", "c"], [0, 1]), (["a"], [0]),
        )
    }  # fmt: skip
    assert len(seen) == 5
