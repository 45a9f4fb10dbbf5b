"""Predictions of four classes that are drawn, and their figures."""

import numpy as np
import pytest

from inference.report import scoring
from tests.inference.report import files


@pytest.fixture(scope="module")
def drawn():
    """Five classes, of which the last is neither given nor answered."""
    given, probabilities = files.drawn(600, 4)
    return files.of_classes(given, np.pad(probabilities, ((0, 0), (0, 1))))


@pytest.fixture(scope="module")
def content(drawn):
    return scoring.of_predictions(drawn)
