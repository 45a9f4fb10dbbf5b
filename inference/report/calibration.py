"""Whether probabilities mean what they say, and the temperature that would mend them.

Confidence is the probability of the answer. A temperature T divides the logits; of probabilities p
it makes softmax(log(p) / T): the same answers, less sure for T > 1. Guo et al. 2017,
https://arxiv.org/abs/1706.04599.
"""

from typing import Any, Dict, Iterator, NamedTuple, Optional

import numpy as np

from inference.report.predictions import Predictions
from train.scoring.answers import softmax
from train.scoring.calibration import BINS, bins, expected_error
from train.scoring.probability_metrics import LEAST

_HISTOGRAM_BINS = 20
_BLOCK = 2**16  # rows that are float64 at once
_INVERSE_BOUNDS = (0.01, 100.0)  # of 1 / T
_STEPS, _PRECISE = 100, 1e-10


def of_predictions(found: Predictions) -> Dict[str, Any]:
    """What report.json has below `calibration`; docs/report.md describes it."""
    right = found.answers == found.given
    inverse = _inverse_temperature(found)
    return {
        **_summary(found, right, 1.0),
        "temperature": None if inverse is None else 1 / inverse,
        "at_temperature": None if inverse is None else _summary(found, right, inverse),
    }


def histogram(found: Predictions) -> Dict[str, Any]:
    """{"edges", "right", "wrong"}: rows by confidence, which is at least 1 / C."""
    confidence, right = _confidence(found, 1.0), found.answers == found.given
    edges = np.linspace(1 / found.probabilities.shape[1], 1, _HISTOGRAM_BINS + 1)
    kept = np.clip(confidence, edges[0], 1)  # rounding may leave it outside
    return {
        "edges": edges.tolist(),
        "right": np.histogram(kept[right], edges)[0].tolist(),
        "wrong": np.histogram(kept[~right], edges)[0].tolist(),
    }


def _summary(found: Predictions, right: np.ndarray, inverse: float) -> Dict[str, Any]:
    confidence = _confidence(found, inverse)
    return {
        "confidence": float(confidence.mean()),
        "log_loss": _Loss.of(found, inverse).value,
        "ece": expected_error(confidence, right),
        "bins": _bins(confidence, right),
    }


def of_decisions(probabilities: np.ndarray, is_true: np.ndarray) -> Dict[str, Any]:
    """The summary of D decisions between yes and no.

    Args: probabilities, of yes, float64 [D]; is_true, bool [D].
    """
    of_truth = np.where(is_true, probabilities, 1 - probabilities)
    return {
        "confidence": float(probabilities.mean()),
        "log_loss": float(-np.log(np.maximum(of_truth, LEAST)).mean()),
        "ece": expected_error(probabilities, is_true),
        "bins": _bins(probabilities, is_true),
    }


def _bins(confidence: np.ndarray, right: np.ndarray) -> list:
    """Of each bin with rows {"low", "high", "rows", "confidence", "accuracy"}: means."""
    rows, sums, hits = bins(confidence, right)
    return [
        {
            "low": number / BINS,
            "high": (number + 1) / BINS,
            "rows": int(rows[number]),
            "confidence": float(sums[number] / rows[number]),
            "accuracy": float(hits[number] / rows[number]),
        }
        for number in np.flatnonzero(rows).tolist()
    ]


def _logs(found: Predictions) -> "Iterator[tuple[slice, np.ndarray]]":
    """(rows, log p as float64 [B, C]) of one block after the other."""
    for start in range(0, len(found.given), _BLOCK):
        rows = slice(start, start + _BLOCK)
        yield rows, np.log(np.maximum(found.probabilities[rows], LEAST, dtype=np.float64))


def _confidence(found: Predictions, inverse: float) -> np.ndarray:
    """float64 [N], at the temperature 1 / inverse."""
    parts = []
    for rows, logs in _logs(found):
        answers = found.answers[rows, None]
        parts.append(np.take_along_axis(softmax(inverse * logs), answers, axis=1)[:, 0])
    return np.concatenate(parts)


class _Loss(NamedTuple):
    """The mean log loss and its first and second derivative by 1 / T."""

    value: float
    slope: float
    curvature: float

    @classmethod
    def of(cls, found: Predictions, inverse: float) -> "_Loss":
        """With logits z = log p and probabilities q at 1 / T: the slope is mean(E_q[z] - z_given),
        the curvature mean(Var_q[z]), so the loss is convex."""
        sums = np.zeros(3)
        for rows, logs in _logs(found):
            given = found.given[rows, None]
            scaled = inverse * logs
            shares = softmax(scaled)
            mean = (shares * logs).sum(axis=1)
            loss = -np.log(np.take_along_axis(shares, given, axis=1).clip(LEAST))
            slope = mean - np.take_along_axis(logs, given, axis=1)[:, 0]
            variance = (shares * logs**2).sum(axis=1) - mean**2
            sums += loss.sum(), slope.sum(), variance.sum()
        return cls(*(sums / len(found.given)).tolist())


def _inverse_temperature(found: Predictions) -> Optional[float]:
    """1 / T where the log loss is least, by Newton's steps within bounds; None if it is outside:
    every answer is right, or a constant would be better than the model."""
    low, high = _INVERSE_BOUNDS
    if _Loss.of(found, low).slope >= 0 or _Loss.of(found, high).slope <= 0:
        return None
    inverse = 1.0
    for _ in range(_STEPS):
        loss = _Loss.of(found, inverse)
        low, high = (inverse, high) if loss.slope < 0 else (low, inverse)
        step = inverse - loss.slope / loss.curvature if loss.curvature > 0 else low
        following = step if low < step < high else (low * high) ** 0.5
        if abs(following - inverse) < _PRECISE * inverse:
            break
        inverse = following
    return inverse
