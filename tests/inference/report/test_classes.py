"""Figures of classes equal scikit-learn's."""

import numpy as np
import pytest
import sklearn.metrics

from inference.report import classes, predictions, scoring
from tests.inference.report import files
from train.scoring import metrics

NAMES = ["a", "b", "c", "d", "never"]


def test_scores(drawn, content):
    y, x = drawn.given, drawn.answers
    wanted = {
        "accuracy": sklearn.metrics.accuracy_score(y, x),
        "f1_macro": sklearn.metrics.f1_score(y, x, average="macro"),
        "matthews_correlation": sklearn.metrics.matthews_corrcoef(y, x),
        "log_loss": sklearn.metrics.log_loss(y, files.normalized(drawn.probabilities[:, :4])),
    }
    found = {name: score["value"] for name, score in content["scores"].items()}
    assert found == pytest.approx(wanted, rel=1e-7)


def test_scores_are_those_of_eval(drawn, content):
    names = ("accuracy", "f1_macro", "matthews_correlation")
    of_eval = metrics.compute(names, drawn.probabilities, drawn.given)
    assert {name: content["scores"][name]["value"] for name in names} == pytest.approx(of_eval)


def test_of_two_classes_f1_is_that_of_the_second():
    given, probabilities = files.drawn(300, 2)
    found = files.of_classes(given, probabilities)
    wanted = sklearn.metrics.f1_score(found.given, found.answers)
    assert classes.scores(classes.cells(found.given, found.answers, 2))["f1"] == wanted


def test_a_constant_answer_is_worth_nothing():
    found = classes.scores(classes.cells(np.array([0, 1, 2, 2]), np.array([2, 2, 2, 2]), 3))
    assert found == {"accuracy": 0.5, "f1_macro": pytest.approx(2 / 9), "matthews_correlation": 0.0}


def test_a_constant_answer_is_told(content):
    same = files.of_classes(np.array([0, 1, 1]), np.array([[0.4, 0.6], [0.3, 0.7], [0.1, 0.9]]))
    assert scoring.of_predictions(same)["constant"] == "1" and content["constant"] is None


def test_classes(drawn, content):
    wanted = sklearn.metrics.precision_recall_fscore_support(
        drawn.given, drawn.answers, labels=range(5), zero_division=0
    )
    for name, values in zip(("precision", "recall", "f1", "support"), wanted, strict=True):
        assert [row[name] for row in content["classes"]] == pytest.approx(values.tolist())
    assert [row["answered"] for row in content["classes"]] == np.bincount(
        drawn.answers, minlength=5
    ).tolist()
    for average, found in content["means"].items():
        wanted = sklearn.metrics.precision_recall_fscore_support(
            drawn.given, drawn.answers, average=average
        )
        assert list(found.values()) == pytest.approx(list(wanted[:3]))


def test_confusion(drawn, content):
    wanted = sklearn.metrics.confusion_matrix(drawn.given, drawn.answers)
    found = np.zeros((4, 4), int)
    for cell in content["confusion"]:
        found[int(cell["given"]), int(cell["answer"])] = cell["rows"]
    assert (found == wanted).all()
    largest = [cell["rows"] for cell in content["largest_confusions"]]
    wrong = np.sort(wanted[~np.eye(4, dtype=bool)])[::-1]
    assert largest == wrong[wrong > 0].tolist()


def test_classes_without_rows_do_not_count_in_means():
    table = classes.table(classes.cells(np.array([0, 1]), np.array([0, 1]), 3), "xyz")
    assert classes.means(table)["macro"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0}


def test_figures_of_a_file(tmp_path):
    """Through the file, eight digits and all."""
    given, probabilities = files.drawn(200, 5)
    path = files.write_json_lines(
        tmp_path / "p.jsonl", files.class_lines(given, probabilities, NAMES)
    )
    read = predictions.read(str(path))
    assert (read.given == given).all() and read.label_names == tuple(NAMES)
    np.testing.assert_allclose(read.probabilities, probabilities, rtol=1e-7)
