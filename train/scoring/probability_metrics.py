"""Metrics of probabilities: float64 [N, C], for labels int [N]; as scikit-learn's.

Of two classes, roc_auc and average_precision are those of class 1; of more, the mean over the
classes that are true somewhere, each against the rest.
"""

import numpy as np

from train.scoring import calibration
from train.scoring.ranks import ranks

LEAST = np.finfo(np.float64).eps  # instead of a probability of 0, which has no logarithm
_CHANCE = 0.5  # the area under the curve of answers that do not depend on the text


def _of_each_class(of_class):
    """Args: of_class, a function (scores [N], is_true bool [N]) -> number."""

    def metric(probabilities, labels):
        classes = [1] if probabilities.shape[1] == 2 else np.unique(labels)
        found = [of_class(probabilities[:, number], labels == number) for number in classes]
        return float(np.mean(found))

    return metric


def _area_under_curve(scores, is_true):
    """How often a row of the class scores higher than another one; equal scores count as half.
    0.5 where there are no such pairs."""
    true = np.sum(is_true)
    pairs = true * (len(is_true) - true)
    return (np.sum(ranks(scores)[is_true]) - true * (true + 1) / 2) / pairs if pairs else _CHANCE


def _average_precision(scores, is_true):
    """The sum of precision x gain in recall over the thresholds; 0 if there is no row of the class.

    Rows of equal scores pass a threshold together.
    """
    order = np.argsort(-scores, kind="stable")
    passed = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)  # the last of each
    hits = np.cumsum(is_true[order])[passed]
    if not hits[-1]:
        return 0.0
    return np.sum(np.diff(hits, prepend=0) * hits / (passed + 1)) / hits[-1]


def _log_loss(probabilities, labels):
    """The mean of -log p of the true class; p counts as at least 2^-52, as scikit-learn has it."""
    of_label = np.take_along_axis(probabilities, labels[:, np.newaxis], axis=1)
    return float(-np.mean(np.log(np.maximum(of_label, LEAST))))


def _calibration_error(probabilities, labels):
    right = probabilities.argmax(axis=1) == labels
    return calibration.expected_error(probabilities.max(axis=1), right)


METRICS = {
    "roc_auc": _of_each_class(_area_under_curve),
    "average_precision": _of_each_class(_average_precision),
    "log_loss": _log_loss,
    "ece": _calibration_error,
}
