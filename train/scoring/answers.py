"""A model's outputs as answers: {"label": ..., "probabilities": {...}}, or {"score": ...}; of
several classes a row {"labels": [...], "probabilities": {...}}."""

from typing import Any, Dict, Iterable, Optional, Sequence

import numpy as np

from train.scoring import multi_label

# Significant digits; float32 holds 7. Each probability p is off by at most 5e-8 p, so for any
# number of classes the sum is off by at most 5e-8.
_DIGITS = 8


def of_outputs(
    outputs: np.ndarray,
    label_names: Optional[Sequence[str]],
    thresholds: Optional[np.ndarray] = None,
) -> Iterable[Dict[str, Any]]:
    """One answer for each example.

    Args:
      outputs: float32 [N, C]: logits; C = 1 for scores.
      label_names: C of them; None for scores.
      thresholds: float [C] of a multi-label model; else None.
    """
    if thresholds is not None:
        return _label_sets(outputs, label_names, thresholds)
    return _scores(outputs) if label_names is None else _classes(outputs, label_names)


def shortest(value: np.float32) -> float:
    """The shortest decimal that gives the same float32: 3.2, not 3.200000047...

    >>> float(np.float32(3.2)), shortest(np.float32(3.2))
    (3.200000047683716, 3.2)
    """
    return float(str(value))


def _scores(outputs: np.ndarray) -> Iterable[Dict[str, Any]]:
    for score in outputs[:, 0]:
        yield {"score": shortest(score)}


def _classes(logits: np.ndarray, label_names: Sequence[str]) -> Iterable[Dict[str, Any]]:
    best = logits.argmax(axis=1)  # the first of equal ones
    for first, row in zip(best, softmax(logits).tolist()):
        yield {"label": label_names[first], "probabilities": _rounded(row, label_names)}


def _label_sets(logits: np.ndarray, label_names, thresholds) -> Iterable[Dict[str, Any]]:
    found = multi_label.chosen(logits, thresholds).tolist()
    for is_answer, row in zip(found, multi_label.probabilities(logits).tolist()):
        names = multi_label.named(is_answer, label_names)
        yield {"labels": names, "probabilities": _rounded(row, label_names)}


def _rounded(probabilities, label_names) -> Dict[str, float]:
    rounded = [float(f"{probability:.{_DIGITS}g}") for probability in probabilities]
    return dict(zip(label_names, rounded))


def softmax(logits: np.ndarray) -> np.ndarray:
    """float64 [N, C]."""
    wide = logits.astype(np.float64)
    powers = np.exp(wide - wide.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
