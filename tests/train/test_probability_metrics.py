"""Metrics of probabilities against scikit-learn and arithmetic done by hand."""

import math
import warnings

import numpy as np
import pytest
import sklearn.calibration
import sklearn.metrics

from train.scoring import calibration, metrics, probability_metrics

NAMES = tuple(probability_metrics.METRICS)


def of_logits(logits, labels):
    return metrics.compute(NAMES, np.asarray(logits), np.array(labels))


def of_class_1(probabilities, labels):
    """Logits of two classes from the probabilities of the second one."""
    p = np.array(probabilities, np.float64)
    with np.errstate(divide="ignore"):
        return of_logits(np.maximum(np.log(np.stack([1 - p, p], axis=1)), -800), labels)


def shares(logits):
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def reference(logits, labels):
    """Every class occurs in the labels."""
    p, classes = shares(logits), np.arange(logits.shape[1])
    one_hot, answers = np.equal.outer(labels, classes), p
    if len(classes) == 2:
        one_hot, answers = one_hot[:, 1], p[:, 1]
    auc = sklearn.metrics.roc_auc_score(one_hot, answers, average="macro")
    precision = sklearn.metrics.average_precision_score(one_hot, answers, average="macro")
    return {
        "roc_auc": auc,
        "average_precision": precision,
        "log_loss": sklearn.metrics.log_loss(labels, p, labels=classes),
        "ece": expected_calibration_error(p.max(axis=1), p.argmax(axis=1) == labels),
    }


def expected_calibration_error(confidence, right):
    """From scikit-learn's curve, whose bins also have equal width."""
    curve = sklearn.calibration.calibration_curve(right, confidence, n_bins=calibration.BINS)
    rows, _ = np.histogram(confidence, np.linspace(0, 1, calibration.BINS + 1))
    return float(np.sum(rows[rows > 0] * np.abs(curve[0] - curve[1])) / len(right))


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("size", [20, 200, 2000])
@pytest.mark.parametrize("digits", [0, 1, 7])  # 0: many equal scores
def test_random_logits(classes, size, digits):
    draw = np.random.RandomState(size + classes)
    labels = np.append(np.arange(classes), draw.choice(classes, size)).astype(np.int32)
    logits = draw.normal(size=(len(labels), classes)) + 2 * np.eye(classes)[labels]
    logits = np.round(logits, digits).astype(np.float32)
    assert of_logits(logits, labels) == pytest.approx(reference(logits, labels), rel=1e-12)


def test_roc_auc_is_scikit_learns_one_against_the_rest():
    draw = np.random.RandomState(3)
    logits, labels = draw.normal(size=(50, 4)), np.arange(50) % 4
    expected = sklearn.metrics.roc_auc_score(
        labels, shares(logits), multi_class="ovr", average="macro"
    )
    assert of_logits(logits, labels)["roc_auc"] == pytest.approx(expected, rel=1e-12)


def test_by_hand():
    """Scores .9 1, .8 0, .5 1, .5 0, .2 0: pairs 1 + 1 + 1, 0 + .5 + 1 of 2 x 3."""
    found = of_class_1([0.9, 0.8, 0.5, 0.5, 0.2], [1, 0, 1, 0, 0])
    assert found["roc_auc"] == pytest.approx(4.5 / 6)
    # Half of the recall at precision 1, the other half at 2 of 4.
    assert found["average_precision"] == pytest.approx(0.5 * 1 + 0.5 * 2 / 4)
    assert found["log_loss"] == pytest.approx(-math.log(0.9 * 0.2 * 0.5 * 0.5 * 0.8) / 5)


@pytest.mark.parametrize(
    "probabilities, labels, expected",
    [
        ([0.75, 0.75, 0.75, 0.75], [1, 1, 1, 0], 0.0),  # 75 % sure, three of four right
        ([0.75, 0.25], [1, 0], 0.25),  # confidence in the answer, whichever it is
        ([0.75, 0.875], [0, 1], (0.75 + 0.125) / 2),  # two bins
        ([1.0, 1.0], [1, 0], 0.5),  # the last bin has 1
        ([0.5], [0], 0.5),
    ],
)
def test_the_calibration_error_by_hand(probabilities, labels, expected):
    assert of_class_1(probabilities, labels)["ece"] == pytest.approx(expected, abs=1e-12)


def test_the_bins():
    confidence = np.array([0.0, 1 / 15, 0.9999999, 1.0])
    rows, sums, hits = calibration.bins(confidence, np.array([False, True, True, False]))
    assert rows.tolist() == [1, 1, *[0] * 12, 2] and hits.tolist() == [0, 1, *[0] * 12, 1]
    assert sums[[0, 1, 14]] == pytest.approx([0, 1 / 15, 1.9999999])


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_is_true(label):
    """scikit-learn has no area under the curve there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        precision = sklearn.metrics.average_precision_score([label] * 3, [0.9, 0.8, 0.3])
    found = of_class_1([0.9, 0.8, 0.3], [label] * 3)
    assert (found["roc_auc"], found["average_precision"]) == (0.5, precision) == (0.5, label)
    assert of_class_1([0.9], [label])["roc_auc"] == 0.5


def test_a_class_that_is_never_true_does_not_count():
    logits = np.random.RandomState(0).normal(size=(40, 3))
    labels = np.arange(40) % 2 * 2  # 0 and 2
    each = [
        sklearn.metrics.roc_auc_score(labels == number, shares(logits)[:, number])
        for number in (0, 2)
    ]
    assert of_logits(logits, labels)["roc_auc"] == pytest.approx(sum(each) / 2, rel=1e-12)


def test_constant_scores():
    found = of_class_1([0.25] * 5, [1, 0, 0, 1, 0])
    assert (found["roc_auc"], found["average_precision"]) == (0.5, 0.4)
    assert found["ece"] == pytest.approx(0.75 - 0.6)


def test_logits_so_far_apart_that_a_probability_is_0():
    logits = np.array([[3e38, -3e38], [-1000, 1000], [0, 1]], np.float32)
    found, labels = of_logits(logits, [1, 1, 0]), np.array([1, 1, 0])
    expected = sklearn.metrics.log_loss(labels, shares(logits))
    assert found["log_loss"] == pytest.approx(expected, rel=1e-12)
    assert found["log_loss"] == pytest.approx((52 * math.log(2) + math.log(1 + math.e)) / 3)


def test_400000_rows():
    draw = np.random.RandomState(0)
    labels = draw.choice(2, size=400_000, p=(0.63, 0.37)).astype(np.int32)
    logits = (draw.normal(size=(len(labels), 2)) + np.eye(2)[labels]).astype(np.float32)
    assert of_logits(logits, labels) == pytest.approx(reference(logits, labels), rel=1e-12)
