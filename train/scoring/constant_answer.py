"""Detects a model that gives every example the same answer: it has learned nothing."""

import numpy as np

from shared.manifest import Manifest
from train.scoring import metrics


def say_constant(constant, split: str) -> None:
    """Reports what `constant_answer` found."""
    if constant is not None:
        print(f"{split}: every example gets the same answer, {constant}: nothing was learned")


def constant_answer(manifest: Manifest, scores: np.ndarray):
    """The label (or score) that every example gets, or None."""
    constant = metrics.constant_prediction(scores)
    if constant is None or manifest.is_regression:
        return constant
    return manifest.label_names[constant]
