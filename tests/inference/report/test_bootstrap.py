"""Intervals equal those of resampled rows, and a binomial distribution's."""

import numpy as np
import pytest
import scipy.stats

from inference.report import bootstrap, classes, scores, scoring
from tests.inference.report import files
from train.scoring import metrics


def test_the_interval_of_accuracy_is_that_of_the_binomial_distribution(monkeypatch):
    monkeypatch.setattr(bootstrap, "_RESAMPLES", 4000)
    found = classes.cells(np.zeros(200, int), np.repeat([0, 1], [150, 50]), 2)
    interval = bootstrap.of_cells(found)["intervals"]["accuracy"]
    wanted = scipy.stats.binom(200, 0.75).ppf([0.025, 0.975]) / 200
    assert interval == pytest.approx(wanted.tolist(), abs=0.0051)  # one row


def test_intervals_are_those_of_resampled_rows(drawn, content):
    generator, names = np.random.default_rng(1), ("f1_macro", "matthews_correlation")
    samples = [
        metrics.compute(names, drawn.probabilities[rows], drawn.given[rows])
        for rows in generator.integers(600, size=(1000, 600))
    ]
    for name in names:
        wanted = np.percentile([sample[name] for sample in samples], [2.5, 97.5])
        found = content["scores"][name]
        assert [found["low"], found["high"]] == pytest.approx(wanted.tolist(), abs=0.01)
    assert content["bootstrap"] == {"level": 0.95, "resamples": 1000}


def test_the_same_intervals_every_time(drawn, content):
    assert scoring.of_predictions(drawn)["scores"] == content["scores"]


def test_the_interval_of_a_rank_correlation():
    draw = np.random.default_rng(0)
    given = draw.integers(0, 6, 300) / 1.0
    answers = given + 2 * draw.normal(size=300)
    wanted = scipy.stats.bootstrap(
        (given, answers),
        lambda x, y: scipy.stats.spearmanr(x, y)[0],
        paired=True,
        n_resamples=1000,
        method="percentile",
        rng=1,
        vectorized=False,
    ).confidence_interval
    found = scores.of_predictions(files.of_scores(given, answers))[1]["intervals"]["spearman"]
    assert found == pytest.approx([wanted.low, wanted.high], abs=0.015)


def test_many_rows_are_resampled_less_often(monkeypatch):
    monkeypatch.setattr(bootstrap, "_DRAWN_ROWS", 30_000)
    found = [bootstrap.of_rows(rows, lambda _: {"x": 0.0})["resamples"] for rows in (10, 60, 10**4)]
    assert found == [1000, 500, 200]
