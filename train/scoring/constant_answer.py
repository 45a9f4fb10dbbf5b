"""Detects a model that gives every example the same answer: it has learned nothing."""

from typing import Optional

import numpy as np

from shared.manifest import Manifest
from shared.records import LABEL_SEPARATOR
from train.scoring import metrics, multi_label


def say_constant(constant, split: str) -> None:
    """Reports what `constant_answer` found."""
    if isinstance(constant, list):
        constant = LABEL_SEPARATOR.join(constant) or "no class"
    if constant is not None:
        print(f"{split}: every example gets the same answer, {constant}: nothing was learned")


def constant_answer(
    manifest: Manifest, scores: np.ndarray, thresholds: Optional[np.ndarray] = None
):
    """The label (or score, or list of labels) that every example gets, or None.

    Args: thresholds, of multi-label data.
    """
    if thresholds is not None:
        has = multi_label.constant(multi_label.chosen(scores, thresholds))
        return None if has is None else multi_label.named(has, manifest.label_names)
    constant = metrics.constant_prediction(scores)
    if constant is None or manifest.is_regression:
        return constant
    return manifest.label_names[constant]
