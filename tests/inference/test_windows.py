"""A model that was trained on windows of texts: answers, exports, report."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

import inference
from inference import classify, model_folder
from inference.export import __main__ as export
from inference.report import __main__ as report
from tests import long_texts
from tests.train import runs

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
    np.testing.assert_array_equal(model.logits([LONG]), model.logits([first]))


@pytest.mark.parametrize("form", ["saved_model", "huggingface"])
def test_an_export_reads_one_window_and_says_so(model_dir, tmp_path, form, capsys):
    export.main(["--model_dir", str(model_dir), "--to", str(tmp_path / "e"), "--format", form])
    out = capsys.readouterr().out
    assert (
        f"{model_dir} answers long texts by windows that share 2 tokens; what is exported reads 8 "
        "tokens and cuts the rest off\n"
    ) in out
    assert "equal ids, logits within" in out


def test_the_report_is_of_documents(model_dir):
    report.main(["--model_dir", str(model_dir)])
    found = json.loads((model_dir / "report.json").read_text())
    assert found["predictions"]["validation"]["examples"] == 41
    split = found["data"]["splits"]["train"]
    texts = [row["text"] for row in long_texts.rows(60, 1)]
    assert split["rows"] == 60 and split["duplicates"]["repeated"] == 60 - len(set(texts))
    windows = [window for text in texts for window in long_texts.windows(text)]
    assert found["cost"]["epochs"] == pytest.approx(40 * 8 / len(windows))
