"""Figures of answers with several classes a row."""

from typing import Any, Dict, NamedTuple

import numpy as np

from inference.report import calibration, classes
from inference.report.classes import Counts
from inference.report.predictions import Predictions


class Alike(NamedTuple):
    """The K kinds of rows that have the same right classes and the same answer.

    Attributes:
      given, answers: 0 or 1, [K, C].
      rows: int [K], how many.
    """

    given: np.ndarray
    answers: np.ndarray
    rows: np.ndarray


def alike(given: np.ndarray, answers: np.ndarray) -> Alike:
    """Counts N rows; args: 0 or 1, [N, C].

    >>> alike(np.array([[0, 1], [0, 1]]), np.array([[1, 1], [1, 1]]))[2]
    array([2])
    """
    both, rows = np.unique(np.hstack([given, answers]), axis=0, return_counts=True)
    return Alike(*np.hsplit(both, 2), rows)


def counts(found: Alike) -> Counts:
    hits = found.given * found.answers
    return Counts(*(found.rows @ has.astype(float) for has in (found.given, found.answers, hits)))


def scores(found: Alike) -> Dict[str, float]:
    """{metric: value}, named and defined as those of `make eval` (train/scoring/multi_label.py)."""
    of_class = counts(found)
    is_right = (found.given == found.answers).all(axis=1)
    return {
        "f1_micro": float(classes.f1(_summed(of_class))[0]),
        "f1_macro": float(classes.f1(of_class).mean()),
        "accuracy": float(found.rows[is_right].sum() / found.rows.sum()),
    }


def _summed(of_class: Counts) -> Counts:
    return Counts(*(values.sum(keepdims=True) for values in of_class))


def means(of_class: Counts) -> Dict[str, Dict[str, float]]:
    """Micro, macro and weighted means of precision, recall and F1, over all classes.

    Of the micro mean all decisions count together; the weight of a class is its support.
    """
    columns = classes.columns(of_class)
    weights = of_class.support if of_class.support.any() else None
    return {
        "micro": {
            name: float(value[0]) for name, value in classes.columns(_summed(of_class)).items()
        },
        "macro": {name: float(values.mean()) for name, values in columns.items()},
        "weighted": {
            name: float(np.average(values, weights=weights)) for name, values in columns.items()
        },
    }


def calibrated(found: Predictions) -> Dict[str, Any]:
    """{"confidence", "log_loss", "ece", "bins"} of all decisions: whether a class of probability p
    is right in the share p of the rows. So `accuracy` of a bin is the share of the rows that have
    the class."""
    probabilities = found.probabilities.astype(np.float64).ravel()
    return calibration.of_decisions(probabilities, found.given.ravel() == 1)
