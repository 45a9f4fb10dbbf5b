"""Figures of answers that are scores (regression)."""

from typing import Any, Dict

import numpy as np

from inference.report import bootstrap
from inference.report.predictions import Predictions
from train.scoring import metrics

_RESIDUAL_BINS, _PLANE_BINS = 30, 40


def of_predictions(found: Predictions) -> "tuple[Dict[str, float], Dict[str, Any]]":
    """({metric: value}, what bootstrap.of_rows returns)."""
    given, answers = _Ranked(found.given), _Ranked(found.answers)
    values = _scores(given, answers, np.arange(len(found.given)))
    return values, bootstrap.of_rows(len(found.given), lambda rows: _scores(given, answers, rows))


class _Ranked:
    """Values that are sorted once, so that the ranks among some of them need no sorting.

    Attributes:
      values: float64 [N].
    """

    def __init__(self, values: np.ndarray):
        self.values = values
        unique, self._group = np.unique(values, return_inverse=True)
        self._groups = len(unique)

    def ranks(self, rows: np.ndarray) -> np.ndarray:
        """Of the rows of these numbers [N]; equal values share their mean rank."""
        groups = self._group[rows]
        sizes = np.bincount(groups, minlength=self._groups)
        return (np.cumsum(sizes) - (sizes - 1) / 2)[groups]


def _scores(given: _Ranked, answers: _Ranked, rows: np.ndarray) -> Dict[str, float]:
    residuals = answers.values[rows] - given.values[rows]
    pearson = metrics.METRICS["pearson"]
    return {
        "pearson": pearson(answers.values[rows], given.values[rows]),
        "spearman": pearson(answers.ranks(rows), given.ranks(rows)),
        "mean_absolute_error": float(np.abs(residuals).mean()),
        "root_mean_squared_error": float(np.sqrt((residuals**2).mean())),
        "mean_residual": float(residuals.mean()),
    }


def plane(found: Predictions) -> Dict[str, Any]:
    """{"edges", "rows": [given][answer]}: a histogram of pairs, instead of a dot for each row."""
    low = min(found.given.min(), found.answers.min())
    high = max(found.given.max(), found.answers.max())
    edges = np.linspace(low, high if high > low else low + 1, _PLANE_BINS + 1)
    rows = np.histogram2d(found.given, found.answers, bins=[edges, edges])[0]
    return {"edges": edges.tolist(), "rows": rows.astype(int).tolist()}


def residuals(found: Predictions) -> Dict[str, Any]:
    """{"edges", "rows"}: a histogram of answer minus what is right."""
    rows, edges = np.histogram(found.answers - found.given, _RESIDUAL_BINS)
    return {"edges": edges.tolist(), "rows": rows.tolist()}
