"""Calibration equals scikit-learn's and scipy's."""

import numpy as np
import pytest
import scipy.optimize
import sklearn.calibration
import sklearn.metrics

from inference.report import calibration
from tests.inference.report import files


def test_reliability(drawn, content):
    confidence = drawn.probabilities.max(axis=1).astype(float)
    right = drawn.answers == drawn.given
    accuracy, mean = sklearn.calibration.calibration_curve(right, confidence, n_bins=15)
    bins = content["calibration"]["bins"]
    assert [entry["accuracy"] for entry in bins] == pytest.approx(accuracy.tolist())
    assert [entry["confidence"] for entry in bins] == pytest.approx(mean.tolist())
    rows = np.histogram(confidence, 15, (0, 1))[0]
    assert [entry["rows"] for entry in bins] == rows[rows > 0].tolist()
    ece = (rows[rows > 0] * abs(accuracy - mean)).sum() / len(right)
    assert content["calibration"]["ece"] == pytest.approx(ece)


def test_the_last_bin_holds_a_probability_of_1():
    found = files.of_classes(np.array([1]), np.array([[0.0, 1.0]]))
    (last,) = calibration.of_predictions(found)["bins"]
    assert (last["low"], last["high"], last["rows"]) == (14 / 15, 1.0, 1)


def log_loss_at(temperature, given, probabilities):
    return sklearn.metrics.log_loss(given, files.softmax(np.log(probabilities) / temperature))


@pytest.mark.parametrize("sharpness", [0.3, 1.0, 4.0])
def test_temperature(sharpness, monkeypatch):
    monkeypatch.setattr(calibration, "_BLOCK", 100)  # of 250 rows
    given, probabilities = files.drawn(250, 3, sharpness=sharpness)
    best = scipy.optimize.minimize_scalar(
        log_loss_at,
        bounds=(0.1, 10),
        args=(given, probabilities),
        options={"xatol": 1e-8},
    )
    found = calibration.of_predictions(files.of_classes(given, probabilities))
    assert found["temperature"] == pytest.approx(best.x, rel=1e-5)
    assert found["at_temperature"]["log_loss"] == pytest.approx(best.fun)
    assert found["log_loss"] == pytest.approx(log_loss_at(1, given, probabilities))


@pytest.mark.parametrize(
    "probabilities",
    [
        [[0.9, 0.1], [0.2, 0.8]],  # right, so that the surest is the best
        [[0.1, 0.9], [0.8, 0.2]],  # wrong, so that the least sure is the best
        [[0.5, 0.5], [0.5, 0.5]],
    ],
)
def test_where_no_temperature_helps(probabilities):
    found = calibration.of_predictions(files.of_classes(np.array([0, 1]), np.array(probabilities)))
    assert found["temperature"] is None and found["at_temperature"] is None


def test_a_probability_of_zero_counts_as_in_an_evaluation():
    found = files.of_classes(np.array([0, 1, 1]), np.array([[0.0, 1.0], [0.1, 0.9], [0.7, 0.3]]))
    expected = (52 * np.log(2) - np.log(0.9) - np.log(0.3)) / 3
    assert calibration.of_predictions(found)["log_loss"] == pytest.approx(expected)


def test_histogram_of_probabilities(drawn, content):
    confidence = drawn.probabilities.max(axis=1)
    right = drawn.answers == drawn.given
    shown = content["histogram"]
    assert shown["edges"][0] == 1 / 5 and shown["edges"][-1] == 1
    assert shown["right"] == np.histogram(confidence[right], 20, (0.2, 1))[0].tolist()
    assert shown["wrong"] == np.histogram(confidence[~right], 20, (0.2, 1))[0].tolist()
