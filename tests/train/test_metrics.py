"""Metrics against scikit-learn, scipy and arithmetic done by hand.

Where a correlation is undefined scipy gives NaN and ours is 0, as GLUE counts it.
"""

import math
import warnings
from fractions import Fraction

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics

from shared import metric_names, tasks
from train.scoring import metrics, multi_label, probability_metrics

SCORE_METRICS = ("pearson", "spearman")
CLASS_METRICS = tuple(name for name in metrics.METRICS if name not in (*SCORE_METRICS, "mse"))
CLASSES = ("zero", "one", "two")
OF_CLASSES = tuple(f"f1:{name}" for name in CLASSES)


def scores(predictions, classes=2):
    """Logits whose largest one is the prediction."""
    return np.eye(classes)[np.array(predictions)]


def of_classes(predictions, labels, classes=2):
    answers = scores(predictions, classes)
    return metrics.compute((*CLASS_METRICS, *OF_CLASSES), answers, np.array(labels), CLASSES)


def of_scores(predictions, labels):
    return metrics.compute(SCORE_METRICS, np.array(predictions)[:, np.newaxis], np.array(labels))


def reference_of_classes(predictions, labels):
    """f1 is that of class 1 against all others."""
    pair, of_each = (labels, predictions), {"average": None, "zero_division": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of a single class
        f1 = sklearn.metrics.f1_score(*pair, labels=[0, 1, 2], **of_each)
        return {
            **dict(zip(OF_CLASSES, f1, strict=True)),
            "accuracy": sklearn.metrics.accuracy_score(*pair),
            "balanced_accuracy": sklearn.metrics.balanced_accuracy_score(*pair),
            "f1": f1[1],
            "f1_macro": sklearn.metrics.f1_score(*pair, average="macro", zero_division=0),
            "f1_weighted": sklearn.metrics.f1_score(*pair, average="weighted", zero_division=0),
            "matthews_correlation": sklearn.metrics.matthews_corrcoef(*pair),
        }


def reference_of_scores(predictions, labels):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scipy warns of constants
        x, y = np.array(predictions, np.float64), np.array(labels, np.float64)
        return {
            "pearson": scipy.stats.pearsonr(x, y).statistic,
            "spearman": scipy.stats.spearmanr(x, y).statistic,
        }


def test_every_metric_of_a_task_is_tested_here():
    of_tasks = {name for task in tasks.TASKS.values() for name in task.metrics}
    assert of_tasks < {*CLASS_METRICS, *SCORE_METRICS}
    computed = {*metrics.METRICS, *probability_metrics.METRICS, *multi_label.METRICS}
    assert {*metric_names.TABLE} == {*computed, metric_names.LOSS}


def test_metrics_of_classes_by_hand():
    # TP 2, FP 1, FN 1, TN 1.
    found = of_classes([1, 1, 1, 0, 0], [1, 1, 0, 1, 0])
    matthews = (2 * 1 - 1 * 1) / math.sqrt(3 * 3 * 2 * 2)
    assert found == pytest.approx({"accuracy": 0.6, "balanced_accuracy": (2 / 3 + 1 / 2) / 2,
                                   "f1": 4 / 6, "f1_macro": (4 / 6 + 2 / 4) / 2,
                                   "f1_weighted": (3 * 4 / 6 + 2 * 2 / 4) / 5,
                                   "matthews_correlation": matthews, "f1:zero": 2 / 4,
                                   "f1:one": 4 / 6, "f1:two": 0.0})  # fmt: skip


def test_matthews_of_three_classes_by_hand():
    # Gorodkin's R_K = (c s - sum p_k t_k) / sqrt((s^2 - sum p_k^2) (s^2 - sum t_k^2)):
    # s = 5 rows, c = 3 right, predicted p = (2, 2, 1), true t = (2, 1, 2).
    found = of_classes([0, 0, 1, 1, 2], [0, 2, 1, 0, 2], classes=3)
    expected = (3 * 5 - (4 + 2 + 2)) / math.sqrt((25 - 9) * (25 - 9))
    assert found["matthews_correlation"] == pytest.approx(expected)


def test_metrics_of_scores_by_hand():
    found = of_scores([1.0, 2.0, 2.0, 5.0], [0.0, 1.0, 2.0, 3.0])
    # Deviations -1.5 -0.5 -0.5 2.5 and -1.5 -0.5 0.5 1.5; ranks 1 2.5 2.5 4 and 1 2 3 4.
    assert found["pearson"] == pytest.approx(6.0 / math.sqrt(9 * 5))
    assert found["spearman"] == pytest.approx(4.5 / math.sqrt(4.5 * 5))


@pytest.mark.parametrize("rows", [1, 10, 1000])
def test_the_mean_squared_error(rows):
    draw = np.random.RandomState(rows)
    answers, labels = draw.normal(1000, 1, (2, rows)).astype(np.float32)
    found = metrics.compute(["mse"], answers[:, np.newaxis], labels)["mse"]
    wide = labels.astype(np.float64), answers.astype(np.float64)
    assert found == pytest.approx(sklearn.metrics.mean_squared_error(*wide), rel=1e-12)
    assert metrics.compute(["mse"], np.array([[1.0], [3.0]]), np.array([1.5, 1.0])) == {
        "mse": (0.25 + 4) / 2
    }


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.98, 0.02), (0.4, 0.3, 0.3), (0.9, 0.08, 0.02)])
@pytest.mark.parametrize("seed", range(25))
def test_random_classes(shares, seed):
    draw, classes = np.random.RandomState(seed), len(shares)
    labels = draw.choice(classes, size=1 + 20 * seed, p=shares)
    logits = (draw.normal(size=(len(labels), classes)) + np.eye(classes)[labels]).astype(np.float32)
    names = (*CLASS_METRICS, *OF_CLASSES)
    found = metrics.compute(names, logits, labels.astype(np.int32), CLASSES)
    expected = reference_of_classes(logits.argmax(axis=1), labels)
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    "predictions, labels",
    [
        ([1, 1, 1], [1, 0, 1]),  # constant predictions, of either class
        ([0, 0, 0], [1, 0, 1]),
        ([0, 1, 0], [1, 1, 1]),  # constant labels, of either class
        ([0, 1, 0], [0, 0, 0]),
        ([0, 0], [0, 0]),  # both, equal or not
        ([1, 1], [1, 1]),
        ([0, 0], [1, 1]),
        ([1, 1], [0, 0]),
        ([0, 1, 1], [0, 1, 1]),  # all right
        ([1, 0, 0], [0, 1, 1]),  # all wrong
        ([1], [1]),  # one example
        ([0], [0]),
        ([0], [1]),
    ],
)
@pytest.mark.parametrize("classes", [2, 3])
def test_degenerate_classes(predictions, labels, classes):
    """scikit-learn's zero_division=0 and its Matthews of 0 are GLUE's convention and ours."""
    expected = reference_of_classes(predictions, labels)
    assert of_classes(predictions, labels, classes) == pytest.approx(expected, abs=1e-15)


def test_of_equal_logits_the_first_class_is_predicted():
    logits = np.zeros((2, 2), np.float32)
    assert metrics.compute(("accuracy",), logits, np.array([0, 1])) == {"accuracy": 0.5}


def test_logits_as_large_as_float32_has_them():
    logits = np.array([[3e38, -3e38], [-np.inf, np.inf], [1e-45, 0]], np.float32)
    assert metrics.compute(("accuracy",), logits, np.array([0, 1, 0])) == {"accuracy": 1.0}


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_random_scores(seed, dtype):
    draw = np.random.RandomState(seed)
    labels = (draw.randint(0, 26, size=2 + 20 * seed) / 5).astype(np.float32)  # STS-B's: many ties
    predictions = (labels + draw.normal(size=len(labels))).astype(dtype)
    expected = reference_of_scores(predictions, labels)
    assert of_scores(predictions, labels) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_ties_on_both_sides(seed):
    predictions, labels = np.random.RandomState(seed).randint(0, 4, size=(2, 50)) / 2
    expected = reference_of_scores(predictions, labels)
    assert of_scores(predictions, labels) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    "predictions, labels",
    [
        ([2.0, 2.0, 2.0], [0.0, 1.0, 2.0]),
        ([0.0, 1.0, 2.0], [2.0, 2.0, 2.0]),
        ([0.1, 0.1, 0.1], [0.0, 1.0, 2.0]),  # their mean is not 0.1 in float64
        ([0.1, 0.1, 0.1], [0.1, 0.1, 0.1]),
    ],
)
def test_scipy_is_undefined_where_a_side_is_constant_and_ours_is_0(predictions, labels):
    assert all(map(math.isnan, reference_of_scores(predictions, labels).values()))
    assert of_scores(predictions, labels) == {"pearson": 0.0, "spearman": 0.0}


def test_scipy_refuses_one_example_and_ours_is_0():
    with pytest.raises(ValueError):
        scipy.stats.pearsonr([1.0], [1.0])
    assert of_scores([1.0], [1.0]) == {"pearson": 0.0, "spearman": 0.0}


def test_scores_all_right_and_all_wrong():
    """Exactly 1 and -1: rounding does not carry a correlation beyond them."""
    for seed in range(50):
        x = np.random.RandomState(seed).normal(size=30)
        assert of_scores(x, 3 * x + 1) == pytest.approx({"pearson": 1, "spearman": 1}, abs=1e-15)
        assert of_scores(x, 1 - 3 * x) == pytest.approx({"pearson": -1, "spearman": -1}, abs=1e-15)
        assert max(of_scores(x, x).values()) <= 1.0


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e-38, 1e38, 1e200, 1e300])
def test_huge_and_tiny_scores(scale):
    """Their squares are beyond float64; the correlation does not depend on the scale."""
    labels = np.array([0.0, 1.0, 2.0, 4.0, 3.0])
    predictions = np.array([0.5, 1.5, 1.0, 4.5, 2.0])
    expected = reference_of_scores(predictions, labels)
    assert of_scores(predictions * scale, labels) == pytest.approx(expected, rel=1e-12)
    assert of_scores(predictions * scale, labels * scale) == pytest.approx(expected, rel=1e-12)


def exact_pearson(x, y):
    """With rational numbers: no rounding but the last."""
    x, y = ([Fraction(float(value)) for value in side] for side in (x, y))
    x, y = ([value - sum(side) / len(side) for value in side] for side in (x, y))
    size = sum(a * a for a in x) * sum(b * b for b in y)
    return float(sum(a * b for a, b in zip(x, y, strict=True))) / math.sqrt(size)


@pytest.mark.parametrize("seed", range(10))
def test_nearly_constant_scores_as_a_failed_training_gives_them(seed):
    """The one-pass formula (mean of squares less square of mean) would lose every digit here."""
    draw = np.random.RandomState(seed)
    labels = draw.uniform(0, 5, size=100).astype(np.float32)
    steps = np.round(labels + draw.normal(size=100))
    predictions = (2.5 + steps * 2.0**-22).astype(np.float32)  # float32's own steps at 2.5
    assert len(np.unique(predictions)) > 3
    found = of_scores(predictions, labels)["pearson"]
    assert found == pytest.approx(exact_pearson(predictions, labels), rel=1e-9)
    assert found == pytest.approx(reference_of_scores(predictions, labels)["pearson"], rel=1e-9)


def test_400000_rows_of_float32():
    """A float32 sum would stop counting at 2^24 and lose digits long before."""
    rows, draw = 400_000, np.random.RandomState(0)
    labels = draw.choice(2, size=rows, p=(0.63, 0.37)).astype(np.int32)
    logits = (draw.normal(size=(rows, 2)) + np.eye(2)[labels]).astype(np.float32)
    expected = reference_of_classes(logits.argmax(axis=1), labels)
    found = metrics.compute((*CLASS_METRICS, *OF_CLASSES), logits, labels, CLASSES)
    assert found == pytest.approx(expected, rel=1e-12)
    right = int(np.count_nonzero(logits.argmax(axis=1) == labels))
    assert metrics.compute(("accuracy",), logits, labels)["accuracy"] == right / rows

    near = (1000 + logits[:, 0]).astype(np.float32)
    expected = reference_of_scores(near, logits[:, 1])
    assert of_scores(near, logits[:, 1]) == pytest.approx(expected, rel=1e-9)


def test_scores_that_are_no_numbers_are_not_hidden():
    found = of_scores([1.0, np.nan, 3.0], [1.0, 2.0, 3.0])
    assert math.isnan(found["pearson"]) and math.isnan(found["spearman"])


@pytest.mark.parametrize(
    "logits, found",
    [
        ([[3.0, 1.0], [0.5, 0.2]], 0),
        ([[1.0, 3.0, 2.0], [0.0, 0.5, 0.2]], 1),
        ([[3.0, 1.0], [0.2, 0.5]], None),
        ([[0.0, 0.0], [0.0, 0.0]], 0),  # equal logits: the first class
        ([[2.5], [2.5], [2.5]], 2.5),
        ([[2.5], [2.5], [2.25]], None),
        ([[3.0, 1.0]], None),  # one example shows nothing
        ([[2.5]], None),
    ],
)
def test_a_constant_prediction(logits, found):
    constant = metrics.constant_prediction(np.array(logits, np.float32))
    assert constant == found and type(constant) is type(found)
