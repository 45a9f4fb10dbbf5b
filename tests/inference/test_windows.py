"""A model that was trained on windows of texts: answers, exports, report."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import yaml

import inference
from inference import classify, model_folder
from inference.export import __main__ as export
from inference.export import saved_model
from inference.report import __main__ as report
from inference.report import split_answers
from shared.manifest_file import read_manifest
from tests import long_texts
from tests.train import runs
from train.scoring import pooling, prediction_record

LONG = "the film a plot the film a good plot the film a"  # 12 words


@pytest.fixture
def model_dir(long_model, tmp_path):
    return Path(shutil.copytree(long_model, tmp_path / "m"))


def test_a_long_text_is_answered_by_its_windows(model_dir):
    model = inference.load(str(model_dir))
    windows = long_texts.windows(LONG)
    assert windows[1:] == ["the film a good plot the", "plot the film a"]
    one_by_one = model.logits(windows)
    found = model.logits(["", LONG, "good film"])
    np.testing.assert_allclose(found[1], one_by_one.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found[[0, 2]], model.logits(["", "good film"]), atol=1e-6)
    assert model.logits([]).shape == (0, 2)
    path = model_dir / "params.yaml"
    content = yaml.safe_load(path.read_text())
    content["model"]["window_pooling"] = "max"
    path.write_text(yaml.safe_dump(content))
    found = inference.load(str(model_dir)).logits([LONG])
    np.testing.assert_allclose(found, one_by_one.max(axis=0, keepdims=True), atol=1e-6)


def test_answers_equal_predictions(model_dir, long_data, tmp_path):
    runs.run_main("predict", model_dir, tmp_path / "p.yaml", long_data, "--split", "validation")
    rows = list(long_texts.rows(41, 2))
    long_texts.write(tmp_path / "new.jsonl", rows)
    arguments = ["--model_dir", model_dir, "--input", tmp_path / "new.jsonl"]
    classify.main([*map(str, arguments), "--output", str(tmp_path / "answers.jsonl")])
    found, expected = (
        list(map(json.loads, path.read_text().splitlines()))
        for path in (tmp_path / "answers.jsonl", model_dir / "predict_validation.jsonl")
    )
    assert len(found) == 41
    for answer, prediction in zip(found, expected, strict=True):
        assert {key: answer[key] for key in ("line", "id", "given_label", "label")} == {
            key: prediction[key] for key in ("line", "id", "given_label", "label")
        }
        assert answer["probabilities"] == pytest.approx(prediction["probabilities"], abs=1e-5)


def test_a_folder_of_an_earlier_version_cuts_off(model_dir):
    path = model_dir / "params.yaml"
    content = yaml.safe_load(path.read_text())
    del content["data"]["windows"], content["model"]["window_pooling"]
    path.write_text(yaml.safe_dump(content))
    assert model_folder.read(str(model_dir)).windows is None
    model = inference.load(str(model_dir))
    first = long_texts.windows(LONG)[0]
    np.testing.assert_allclose(model.logits([LONG]), model.logits([first]), atol=1e-6)


def test_a_saved_model_cuts_texts_itself(model_dir, tmp_path, capsys):
    export.main(["--model_dir", str(model_dir), "--to", str(tmp_path / "s")])
    out = capsys.readouterr().out
    assert "equal ids, logits within" in out and "cuts the rest off" not in out
    served = tf.saved_model.load(str(tmp_path / "s")).signatures
    texts = ["", LONG, "good film", LONG + " " + LONG]
    tokens = served["tokenize"](text=tf.constant(texts))
    assert tokens["documents"].numpy().tolist() == [0, 1, 1, 1, 2] + [3] * 6
    found = served["text"](text=tf.constant(texts))
    expected = inference.load(str(model_dir)).logits(texts)
    np.testing.assert_allclose(found["logits"], expected, atol=1e-6)
    assert found["labels"].numpy().tolist() == [[b"no", b"yes"][row.argmax()] for row in expected]
    windows = served["ids"](**{name: tokens[name] for name in tokens if name != "documents"})
    np.testing.assert_array_equal(windows["logits"].shape, (11, 2))


@pytest.mark.parametrize("how", ["mean", "max"])
def test_a_saved_model_pools_as_the_trainer_does(how):
    scores = np.array([[1, -2], [4, 2], [-1, 4]], np.float32)
    documents = np.array([0, 0, 1])
    found = saved_model._POOLS[how](tf.constant(scores), documents)
    np.testing.assert_array_equal(found, pooling.pooled(scores, documents, how))


def test_other_exports_read_one_window_and_say_so(model_dir, tmp_path, capsys):
    arguments = ["--model_dir", model_dir, "--to", tmp_path / "h", "--format", "huggingface"]
    export.main([*map(str, arguments)])
    out = capsys.readouterr().out
    assert (
        f"{model_dir} answers long texts by windows that share 2 tokens; this export reads 8 "
        "tokens and cuts the rest off\n"
    ) in out
    assert "equal ids, logits within" in out
    assert (
        "- Reads: `text`, 8 tokens at most; scores are those of windows that share 2 tokens, the "
        "mean of whose logits answers a longer text.\n"
    ) in (tmp_path / "h" / "README.md").read_text()


def test_the_report_is_of_documents(model_dir):
    report.main(["--model_dir", str(model_dir)])
    found = json.loads((model_dir / "report.json").read_text())
    assert found["predictions"]["validation"]["examples"] == 41
    split = found["data"]["splits"]["train"]
    texts = [row["text"] for row in long_texts.rows(60, 1)]
    assert split["rows"] == 60 and split["duplicates"]["repeated"] == 60 - len(set(texts))
    windows = [window for text in texts for window in long_texts.windows(text)]
    assert found["cost"]["epochs"] == pytest.approx(60 * 8 / len(windows))


def test_the_report_does_not_take_answers_that_were_pooled_otherwise(model_dir, long_data):
    folder, manifest = model_folder.read(str(model_dir)), read_manifest(str(long_data))
    assert manifest.windows == 2
    for how in ("mean", "max"):
        prediction_record.write(str(model_dir), manifest, "validation", 60, pooling=how)
        (model_dir / "predict_validation.jsonl").write_text("{}")
        assert split_answers._is_current(folder, manifest, "validation") == (how == "mean")
