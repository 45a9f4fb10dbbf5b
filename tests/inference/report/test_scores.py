"""Figures of scores equal scipy's and scikit-learn's."""

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics

from inference.report import scoring
from tests.inference.report import files


def test_scores_of_a_regression():
    draw = np.random.default_rng(0)
    given = draw.integers(0, 6, 400) / 1.0  # with ties
    answers = np.round(given + draw.normal(size=400), 1)
    found = scoring.of_predictions(files.of_scores(given, answers))
    wanted = {
        "pearson": scipy.stats.pearsonr(given, answers)[0],
        "spearman": scipy.stats.spearmanr(given, answers)[0],
        "mean_absolute_error": sklearn.metrics.mean_absolute_error(given, answers),
        "root_mean_squared_error": sklearn.metrics.root_mean_squared_error(given, answers),
        "mean_residual": np.mean(answers - given),
    }
    assert {name: of["value"] for name, of in found["scores"].items()} == pytest.approx(wanted)
    rows = np.array(found["plane"]["rows"])
    low, high = found["plane"]["edges"][0], found["plane"]["edges"][-1]
    assert (low, high) == (min(answers.min(), 0), max(answers.max(), 5))
    assert (rows == np.histogram2d(given, answers, 40, [(low, high)] * 2)[0]).all()
    assert sum(found["residuals"]["rows"]) == 400


def test_constant_scores():
    found = scoring.of_predictions(files.of_scores(np.array([1.0, 2.0]), np.array([3.0, 3.0])))
    assert found["scores"]["pearson"] == {"value": 0.0, "low": 0.0, "high": 0.0}
