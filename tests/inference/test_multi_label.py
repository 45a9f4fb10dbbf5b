"""A multi-label model at work: answers, exports, report."""

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from sklearn import metrics as sklearn

from inference import classify
from inference.export import __main__ as export
from inference.report import __main__ as report
from shared.errors import UserError
from tests import multi_label
from tests.multi_label import CLASSES


@pytest.fixture
def model_dir(multi_label_model, tmp_path):
    return Path(shutil.copytree(multi_label_model, tmp_path / "m"))


@pytest.fixture(scope="module")
def answered(multi_label_model, tmp_path_factory):
    """(lines of answers to 40 rows as JSON Lines, of CSV, the rows)."""
    folder = tmp_path_factory.mktemp("answered")
    rows = list(multi_label.rows(40, 2))
    rows[3]["labels"], rows[4]["labels"] = "plot | new", None
    multi_label.write(folder / "new.jsonl", rows)
    for name in ("a.jsonl", "a.csv"):
        arguments = ["--model_dir", multi_label_model, "--input", folder / "new.jsonl"]
        classify.main([*map(str, arguments), "--output", str(folder / name), "--with_text"])
    lines = (folder / "a.jsonl").read_text().splitlines()
    return list(map(json.loads, lines)), (folder / "a.csv").read_text().splitlines(), rows


def test_an_answer_has_every_class_that_reaches_its_threshold(answered, multi_label_model):
    content = json.loads((multi_label_model / "thresholds.json").read_text())
    limits = content["thresholds"]
    found, table, rows = answered
    for line, row in zip(found, rows, strict=True):
        assert list(line["probabilities"]) == list(CLASSES)
        expected = [name for name in CLASSES if line["probabilities"][name] >= limits[name]]
        assert (line["labels"], line["text"]) == (expected, row["text"])
    assert found[3]["given_labels"] == ["plot", "new"] and "given_labels" not in found[4]
    assert [line["given_labels"] for line in found[5:]] == [row["labels"] for row in rows[5:]]
    assert table[0] == (
        "file,line,given_labels,labels,probability of cast,probability of good,probability of plot,"
        "text"
    )
    assert table[4].startswith(f"new.jsonl,4,plot|new,{'|'.join(found[3]['labels'])},")


def test_what_is_said_of_missing_thresholds_is_no_answer(model_dir, capsys):
    (model_dir / "thresholds.json").unlink()
    classify.main(["--model_dir", str(model_dir), "--text", "good film"])
    out, err = capsys.readouterr()
    assert list(json.loads(out)) == ["labels", "probabilities"]
    assert "every class has the threshold 0.5" in err


def test_a_saved_model_answers_the_same(multi_label_model, answered, tmp_path, capsys):
    export.main(["--model_dir", str(multi_label_model), "--to", str(tmp_path / "s")])
    assert "equal ids, logits within" in capsys.readouterr().out
    served = tf.saved_model.load(str(tmp_path / "s")).signatures
    found, _, rows = answered
    outputs = served["text"](text=tf.constant([row["text"] for row in rows]))
    assert set(outputs) == {"has_label", "probabilities", "logits"}
    expected = [[name in line["labels"] for name in CLASSES] for line in found]
    np.testing.assert_array_equal(outputs["has_label"], expected)
    probabilities = [list(line["probabilities"].values()) for line in found]
    np.testing.assert_allclose(outputs["probabilities"], probabilities, atol=1e-5)
    assert served["label_names"]()["label_names"].numpy().tolist() == [b"cast", b"good", b"plot"]


@pytest.mark.skipif(find_spec("onnxruntime") is None, reason="needs the extra onnx")
def test_onnx_has_the_thresholds_beside_the_names(multi_label_model, tmp_path):
    import onnx

    export.main(
        ["--model_dir", str(multi_label_model), "--to", str(tmp_path / "o"), "--format", "onnx"]
    )
    entries = onnx.load(tmp_path / "o" / "model.onnx").metadata_props
    content = json.loads((multi_label_model / "thresholds.json").read_text())
    assert json.loads({entry.key: entry.value for entry in entries}["thresholds"]) == list(
        content["thresholds"].values()
    )


def test_a_model_card_says_what_an_answer_is(multi_label_model, tmp_path):
    export.main(
        [
            "--model_dir",
            str(multi_label_model),
            "--to",
            str(tmp_path / "h"),
            "--format",
            "huggingface",
        ]
    )
    card = (tmp_path / "h" / "README.md").read_text()
    assert (
        "- Answers: every label whose probability (sigmoid) is high enough: `cast` from 0." in card
    )


def test_the_report_equals_scikit_learn(model_dir, capsys):
    report.main(["--model_dir", str(model_dir)])
    found = json.loads((model_dir / "report.json").read_text())["predictions"]["validation"]
    lines = (model_dir / "predict_validation.jsonl").read_text().splitlines()
    lines = list(map(json.loads, lines))
    given, answers = (
        np.array([[name in line[key] for name in CLASSES] for line in lines])
        for key in ("given_labels", "labels")
    )
    probabilities = np.array([list(line["probabilities"].values()) for line in lines])
    for average in ("micro", "macro", "weighted"):
        expected = sklearn.precision_recall_fscore_support(
            given, answers, average=average, zero_division=0
        )
        assert list(found["means"][average].values()) == pytest.approx(expected[:3], abs=1e-12)
    expected = sklearn.precision_recall_fscore_support(given, answers, zero_division=0)
    for row, *of_class in zip(found["classes"], *expected, strict=True):
        assert [row[name] for name in ("precision", "recall", "f1", "support")] == pytest.approx(
            of_class, abs=1e-12
        )
    scores = {name: score["value"] for name, score in found["scores"].items()}
    assert scores == pytest.approx(
        {
            "f1_micro": sklearn.f1_score(given, answers, average="micro"),
            "f1_macro": sklearn.f1_score(given, answers, average="macro"),
            "accuracy": sklearn.accuracy_score(given, answers),
            "log_loss": sklearn.log_loss(given.ravel(), probabilities.ravel()),
        },
        abs=1e-7,
    )
    for name in ("f1_micro", "f1_macro", "accuracy"):
        assert found["scores"][name]["low"] <= scores[name] <= found["scores"][name]["high"]
    assert found["calibration"]["confidence"] == pytest.approx(probabilities.mean(), abs=1e-7)
    assert not {"confusion", "largest_confusions", "histogram"} & set(found)
    page = (model_dir / "report.html").read_text()
    assert "micro mean" in page and "share that has the class" in page
    assert "Confusions" not in page and "temperature" not in page


def test_the_worst_mistake_is_the_most_confident_wrong_decision(model_dir):
    report.main(["--model_dir", str(model_dir)])
    found = json.loads((model_dir / "report.json").read_text())["predictions"]["validation"]
    worst = found["mistakes"][0]
    is_answered = worst["label"] in worst["answer"]
    assert is_answered != (worst["label"] in worst["given"])
    sureness = [
        p if name in line["labels"] else 1 - p
        for line in map(
            json.loads, (model_dir / "predict_validation.jsonl").read_text().splitlines()
        )
        for name, p in line["probabilities"].items()
        if (name in line["labels"]) != (name in line["given_labels"])
    ]
    found = worst["probability"] if is_answered else 1 - worst["probability"]
    assert found == pytest.approx(max(sureness), abs=1e-12)


def test_answers_by_other_thresholds_are_made_anew(model_dir, capsys):
    report.main(["--model_dir", str(model_dir)])
    capsys.readouterr()
    report.main(["--model_dir", str(model_dir)])
    assert "predict validation" not in capsys.readouterr().out
    path = model_dir / "thresholds.json"
    content = json.loads(path.read_text())
    content["thresholds"] = dict.fromkeys(CLASSES, 0.0)
    path.write_text(json.dumps(content))
    report.main(["--model_dir", str(model_dir)])
    assert "predict validation" in capsys.readouterr().out
    found = json.loads((model_dir / "report.json").read_text())["predictions"]["validation"]
    assert found["constant"] == list(CLASSES)
    page = (model_dir / "report.html").read_text()
    assert "Every example gets the same answer, cast | good | plot: nothing was learned." in page


def test_a_file_of_answers(model_dir, answered, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in answered[0]))
    report.main(["--model_dir", str(model_dir), "--predictions", str(path)])
    found = json.loads((model_dir / "report.json").read_text())["predictions"]["a.jsonl"]
    assert (found["examples"], found["not_given"], found["unknown_labels"]) == (38, 1, {"new": 1})


@pytest.mark.parametrize(
    "change, problem",
    [
        ({"labels": ["x"]}, "line 2: expected labels among cast, good, plot, found ['x']"),
        (
            {"probabilities": {"cast": 2, "good": 0, "plot": 0}},
            "line 2: expected probabilities from",
        ),
        ({"probabilities": {"cast": 1}}, "line 2: 1 probabilities, the lines above have 3"),
    ],
)
def test_faulty_lines(model_dir, answered, tmp_path, change, problem):
    path = tmp_path / "a.jsonl"
    first, second = answered[0][:2]
    path.write_text("".join(json.dumps(line) + "\n" for line in (first, {**second, **change})))
    with pytest.raises(UserError) as error:
        report.main(["--model_dir", str(model_dir), "--predictions", str(path)])
    assert problem in str(error.value)


def test_a_table_is_refused_for_its_empty_fields(model_dir, answered, tmp_path):
    (tmp_path / "a.csv").write_text("\n".join(answered[1]) + "\n")
    with pytest.raises(UserError, match="of answers with several labels give the .jsonl file"):
        report.main(["--model_dir", str(model_dir), "--predictions", str(tmp_path / "a.csv")])
