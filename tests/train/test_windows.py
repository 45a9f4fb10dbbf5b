"""Texts in windows in the trainer: documents are scored and predicted, windows trained on."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from sklearn import metrics as sklearn

import inference
from shared import records, source_order
from shared.errors import UserError
from shared.manifest_file import read_manifest
from tests import long_texts
from train.data.in_memory import read_split
from train.scoring import pooling
from train.wse import rules

ROWS = list(long_texts.rows(41, 2))  # of validation


@pytest.fixture
def model(long_model, tmp_path):
    """A copy of it that a test may change."""
    return Path(shutil.copytree(long_model, tmp_path / "m"))


@pytest.fixture(scope="module")
def logits(long_model):
    """Of each document of validation, those of its windows, which are given one by one."""
    loaded = inference.load(str(long_model))
    return [loaded.logits(long_texts.windows(row["text"])) for row in ROWS]


def softmax(values):
    powers = np.exp(values)
    return powers / powers.sum(axis=1, keepdims=True)


def predicted(model):
    lines = (model / "predict_validation.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("how", ["mean", "max"])
def test_a_document_has_the_pooled_logits_of_its_windows(
    model, train, long_data, logits, how, capsys
):
    changes = {"model": {"window_pooling": how}, "predict_input": {"batch_size": 7}}
    more = ("--split", "validation", "--with_text")
    train("predict", model, *more, config=changes, data=long_data)
    assert f"  41 documents in {model}/predict_validation.jsonl" in capsys.readouterr().out
    expected = softmax(np.array([getattr(np, how)(of, axis=0) for of in logits]))
    record = json.loads((model / "predict_validation.json").read_text())
    assert record["window_pooling"] == how
    found = predicted(model)
    probabilities = [list(line["probabilities"].values()) for line in found]
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)
    assert [line["label"] for line in found] == [["no", "yes"][row.argmax()] for row in expected]
    for number, (line, row) in enumerate(zip(found, ROWS, strict=True)):
        place = (line["index"], line["file"], line["line"], line["id"])
        assert place == (number, "validation.jsonl", number + 1, row["id"])
        assert (line["given_label"], line["text"]) == (row["label"], row["text"])


def test_metrics_count_documents(model, train, long_data, logits, capsys):
    results = []
    for limit in (1, 1e-9):  # in memory, and streamed
        inputs = {"batch_size": 5, "memory_limit_gb": limit}
        changes = {"eval_input": inputs, "runconfig": {"best_metric": "log_loss"}}
        train("eval", model, config=changes, data=long_data)
        results.append(json.loads((model / "eval_validation.json").read_text()))
    zoo = [of.pop("modelzoo") for of in results]
    assert zoo[0] == zoo[1] and results[0]["constant"] is None
    # The last batches differ in shape, and with it the last bits of sums.
    assert results[0] == pytest.approx(results[1])
    given = [row["label"] for row in ROWS]
    expected = softmax(np.array([of.mean(axis=0) for of in logits]))
    answers = [["no", "yes"][row.argmax()] for row in expected]
    assert results[0]["examples"] == 41
    assert results[0]["accuracy"] == sklearn.accuracy_score(given, answers)
    loss = sklearn.log_loss(given, expected)
    assert results[0]["log_loss"] == pytest.approx(loss, abs=1e-5)
    assert results[0]["loss"] == pytest.approx(loss, abs=1e-5)
    assert "(41 documents)\n" in capsys.readouterr().out


def test_part_of_an_evaluation_counts_the_documents_that_it_reached(
    model, train, long_data, capsys
):
    documents = source_order.DOCUMENTS.read(
        str(long_data), "validation", read_manifest(str(long_data))
    )
    changes = {"eval_input": {"batch_size": 10}}
    train("eval", model, "--eval_steps", "2", config=changes, data=long_data)
    assert f"({documents[19] + 1} of 41 documents)\n" in capsys.readouterr().out


def test_training_takes_windows(tmp_path, train, long_data, capsys):
    windows = [
        window for row in long_texts.rows(60, 1) for window in long_texts.windows(row["text"])
    ]
    changes = {"runconfig": {"max_steps": None, "num_epochs": 1, "save_checkpoints_steps": 99}}
    train("train", tmp_path / "new", config=changes, data=long_data)
    out = capsys.readouterr().out
    assert f"examples: {len(windows)} windows of 60 documents, 2 classes, up to 8 tokens\n" in out
    assert f"of 8 examples: 1 epoch of {len(windows) // 8} steps\n" in out


def read_in_order(params):
    """An input function of one's own, of all windows."""
    inputs = params["eval_input"]
    rows = read_split(inputs["data_dir"], inputs["split"], read_manifest(inputs["data_dir"]))
    mask, segments = records.mask_and_segments(rows.lengths, rows.b_starts, 8)
    features = {"input_ids": rows.input_ids, "input_mask": mask, "segment_ids": segments}
    features = {name: values.astype(np.int32) for name, values in features.items()}
    return tf.data.Dataset.from_tensor_slices((features, rows.labels)).batch(16)


def some(params):
    return read_in_order(params).take(2)


def test_an_input_function_gives_every_window(model, train, long_data):
    train("eval", model, data=long_data)
    expected = json.loads((model / "eval_validation.json").read_text())
    changes = {"eval_input": {"input_fn": f"{__name__}.read_in_order"}}
    train("eval", model, config=changes, data=long_data)
    found = json.loads((model / "eval_validation.json").read_text())
    assert found.pop("modelzoo") == pytest.approx(expected.pop("modelzoo"), abs=1e-6)
    assert found == pytest.approx(expected, abs=1e-6)
    changes = {"eval_input": {"input_fn": f"{__name__}.some"}}
    with pytest.raises(UserError, match="eval_input.input_fn gave 32 examples of split validation"):
        train("eval", model, config=changes, data=long_data)


def test_a_damaged_map_is_refused(model, train, long_data, tmp_path):
    copy = shutil.copytree(long_data, tmp_path / "copy")
    (copy / "validation" / "documents.npy").unlink()
    with pytest.raises(UserError, match="documents.npy is missing. It maps each record to its row"):
        train("eval", model, data=copy)


def test_wse_trains_on_windows_and_does_not_score_them(long_data):
    manifest = read_manifest(str(long_data))
    rules.check_data(str(long_data), manifest)
    with pytest.raises(UserError, match="has texts in windows, .* with BACKEND=gpu or cpu"):
        rules.check_data(str(long_data), manifest, is_scored=True)


@pytest.mark.parametrize(
    "how, expected", [("mean", [[2.5, 0.0], [-1.0, 4.0]]), ("max", [[4.0, 2.0], [-1.0, 4.0]])]
)
def test_pooling(how, expected):
    scores = np.array([[1, -2], [4, 2], [-1, 4]], np.float32)
    found = pooling.pooled(scores, np.array([0, 0, 1]), how)
    assert (found.tolist(), found.dtype) == (expected, np.float32)


@pytest.mark.parametrize("how", ["mean", "max"])
def test_nan_stays(how):
    scores = np.array([[1.0], [np.nan], [2.0]], np.float32)
    assert np.isnan(pooling.pooled(scores, np.array([0, 0, 1]), how)).tolist() == [[True], [False]]
