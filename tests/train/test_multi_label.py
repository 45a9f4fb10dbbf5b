"""Multi-label data in the trainer: loss, metrics, thresholds, and what they leave."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import yaml
from sklearn import metrics as sklearn

from inference.export import __main__ as export
from shared import records
from shared.config import OptimizerConfig
from shared.errors import UserError
from shared.manifest_file import read_manifest
from tests.multi_label import CLASSES
from tests.train import runs
from train import convert
from train.data.in_memory import read_split
from train.model import classifier
from train.pretrained.read import read
from train.scoring import metrics, multi_label, prediction_record, thresholds
from train.wse import rules

NAMES = ("f1_micro", "f1_macro", "accuracy", "f1:b")


@pytest.fixture
def model(multi_label_model, tmp_path):
    """A copy of it that a test may change."""
    return Path(shutil.copytree(multi_label_model, tmp_path / "m"))


@pytest.fixture
def drawn():
    """Logits float32 [50, 4], labels int32 [50, 4]; of the last class no row is."""
    random = np.random.default_rng(5)
    labels = (random.random((50, 4)) < [0.5, 0.2, 0.9, 0]).astype(np.int32)
    return random.normal(labels - 0.5, 1.5).astype(np.float32), labels


def test_the_loss_is_the_mean_of_the_log_losses_of_all_classes(drawn):
    logits, labels = drawn
    probabilities = 1 / (1 + np.exp(-logits.astype(float)))
    expected = np.mean(
        [
            sklearn.log_loss(labels[:, c], np.stack([1 - p, p], axis=1), labels=[0, 1])
            for c, p in enumerate(probabilities.T)
        ]
    )
    found = classifier.losses(tf.constant(logits), tf.constant(labels)).numpy()
    assert found.shape == (50,) and found.mean() == pytest.approx(expected, rel=1e-6)


def test_smoothing_moves_both_answers_towards_a_half():
    scores, labels = tf.constant([[np.log(3.0), 0.0]], tf.float32), tf.constant([[1, 0]])
    options = OptimizerConfig((), label_smoothing=0.2)
    # Targets 0.9 and 0.1 with probabilities 3/4 and 1/2.
    first = -(0.9 * np.log(0.75) + 0.1 * np.log(0.25))
    expected = (first + np.log(2)) / 2
    found = classifier.training_losses(scores, labels, options).numpy()
    assert found == pytest.approx([expected], rel=1e-6)


def test_metrics_equal_scikit_learns(drawn):
    logits, labels = drawn
    limits = np.array([0.5, 0.3, 0.7, 0.5])
    answers = 1 / (1 + np.exp(-logits.astype(float))) >= limits
    found = metrics.compute(NAMES, logits, labels, "abcd", limits)
    given = {"zero_division": 0.0}
    assert found == pytest.approx(
        {
            "f1_micro": sklearn.f1_score(labels, answers, average="micro", **given),
            "f1_macro": sklearn.f1_score(labels, answers, average="macro", **given),
            "accuracy": sklearn.accuracy_score(labels, answers),
            "f1:b": sklearn.f1_score(labels[:, 1], answers[:, 1]),
        },
        abs=1e-12,
    )


def test_without_any_class_f1_is_0_and_every_row_right():
    nothing = np.zeros((3, 2), np.int32)
    found = metrics.compute(NAMES[:3], nothing - 1.0, nothing, "ab", np.array([0.5, 0.5]))
    assert found == {"f1_micro": 0.0, "f1_macro": 0.0, "accuracy": 1.0}


def test_a_threshold_has_the_best_f1_of_all(drawn):
    logits, labels = drawn
    logits = np.round(logits, 1)  # some are equal
    probabilities = multi_label.probabilities(logits)
    found = thresholds.tuned(logits, labels)
    for of_class, is_true, limit in list(zip(probabilities.T, labels.T, found, strict=True))[:3]:
        scores = [sklearn.f1_score(is_true, of_class >= tried) for tried in of_class]
        assert sklearn.f1_score(is_true, of_class >= limit) == max(scores)
    assert found[3] == thresholds.UNTUNED


@pytest.mark.parametrize(
    "probabilities, is_true, expected",
    [
        ([0.75, 0.25], [1, 1], 0.125),  # all rows
        ([0.75, 0.25], [1, 0], 0.5),
        ([0.75, 0.25], [0, 1], 0.125),  # F1 of both rows is 2/3, of the first 0
        ([0.5, 0.5, 0.25], [1, 0, 1], 0.125),  # 4/5 against 1/2
        ([0.75, 0.5, 0.25], [1, 0, 0], 0.625),
        ([0.75], [0], 0.5),
        ([0.5, np.nextafter(0.5, 0)], [1, 0], 0.5),  # nothing lies between the two
    ],
)
def test_where_a_threshold_lies(probabilities, is_true, expected):
    found = thresholds._best(np.array(probabilities), np.array(is_true, bool))
    assert found == pytest.approx(expected, abs=1e-15)


def answers_of(path, key):
    """0 or 1 for each row that has the key and each class."""
    lines = list(map(json.loads, path.read_text().splitlines()))
    return np.array([[name in line[key] for name in CLASSES] for line in lines if key in line])


def test_scores_are_those_of_the_answers_that_predict_writes(model, train, multi_label_data):
    for folder in (model, model / "best"):
        train("predict", folder, "--split", "validation", data=multi_label_data)
    train("eval", model, data=multi_label_data)
    found = json.loads((model / "eval_validation.json").read_text())
    path = model / "predict_validation.jsonl"
    labels, given = answers_of(path, "labels"), answers_of(path, "given_labels")
    rows = read_split(str(multi_label_data), "validation", read_manifest(str(multi_label_data)))
    np.testing.assert_array_equal(given, rows.labels == 1)
    for average in ("micro", "macro"):
        expected = sklearn.f1_score(given, labels, average=average)
        assert found[f"f1_{average}"] == pytest.approx(expected, abs=1e-12)
    assert found["accuracy"] == sklearn.accuracy_score(given, labels)
    best = json.loads((model / "best" / "thresholds.json").read_text())
    record = prediction_record.path(str(model / "best"), "validation")
    assert json.loads(Path(record).read_text())["thresholds"] == list(best["thresholds"].values())
    assert answers_of(model / "best" / "predict_validation.jsonl", "labels").any()


def test_thresholds_of_another_checkpoint_are_not_used(model, train, multi_label_data, capsys):
    path = model / "thresholds.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "checkpoint": "model.ckpt-30"}))
    train("predict", model, "--csv", data=multi_label_data)
    assert (
        f"every class has the threshold 0.5, as {path} has none for model.ckpt-60; `make eval` "
        "tunes them\n"
    ) in capsys.readouterr().out
    record = json.loads((model / "predict_test.json").read_text())
    assert record["thresholds"] == [0.5] * 3
    table = (model / "predict_test.csv").read_text().splitlines()
    assert table[0].startswith("index,file,line,given_labels,labels,probability of cast,")
    assert table[2].startswith("1,test.jsonl,2,cast|good,")
    lines = [json.loads(line) for line in (model / "predict_test.jsonl").read_text().splitlines()]
    assert "given_labels" not in lines[0] and lines[9]["given_labels"] == []
    for line in lines:
        assert line["labels"] == [name for name in CLASSES if line["probabilities"][name] >= 0.5]


@pytest.mark.parametrize("found", [{"cast": 0.5}, {"cast": 0.5, "good": 2, "plot": 0.1}, [0.5]])
def test_thresholds_that_were_edited_wrongly(model, train, multi_label_data, found):
    path = model / "thresholds.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "thresholds": found}))
    with pytest.raises(
        UserError, match="expected a number from 0 to 1 for each of cast, good, plot"
    ):
        train("predict", model, data=multi_label_data)


def test_a_given_checkpoint_of_the_same_folder_keeps_its_thresholds(model, train, multi_label_data):
    before = (model / "thresholds.json").read_text()
    given = ("--checkpoint_path", model / "model.ckpt-60", "--split", "validation")
    train("eval", model, *given, data=multi_label_data)
    assert (model / "thresholds.json").read_text() == before


def labels_by_class(params):
    """An input function of one's own: labels [B, C]."""
    manifest = read_manifest(params["eval_input"]["data_dir"])
    rows = read_split(params["eval_input"]["data_dir"], params["eval_input"]["split"], manifest)
    mask, segments = records.mask_and_segments(rows.lengths, rows.b_starts, 8)
    features = {"input_ids": rows.input_ids, "input_mask": mask, "segment_ids": segments}
    features = {name: values.astype(np.int32) for name, values in features.items()}
    return tf.data.Dataset.from_tensor_slices((features, rows.labels)).batch(16)


def first_label(params):
    return labels_by_class(params).map(lambda features, labels: (features, labels[:, 0]))


def test_an_input_function_gives_the_labels_of_every_class(model, train, multi_label_data):
    expected = json.loads((model / "eval_validation.json").read_text())
    function = f"{__name__}.labels_by_class"
    train("eval", model, config={"eval_input": {"input_fn": function}}, data=multi_label_data)
    assert json.loads((model / "eval_validation.json").read_text()) == pytest.approx(expected)
    function = f"{__name__}.first_label"
    with pytest.raises(UserError, match="labels: expected int32 of 2 dimensions"):
        train("eval", model, config={"eval_input": {"input_fn": function}}, data=multi_label_data)


def test_streamed_and_held_in_memory_are_the_same_steps(tmp_path, train, multi_label_data):
    weights = []
    for name, limit in (("held", 1), ("streamed", 1e-9)):
        inputs = {"shuffle": False, "memory_limit_gb": limit}
        changes = {
            "train_input": inputs,
            "optimizer": {"label_smoothing": 0.1},
            "runconfig": {"max_steps": 4, "eval_checkpoints": True},
        }
        train("train", tmp_path / name, config=changes, data=multi_label_data)
        weights.append(runs.weights(tmp_path / name))
    runs.assert_same_weights(*weights)
    results = [
        (tmp_path / name / "eval_validation.json").read_text() for name in ("held", "streamed")
    ]
    assert results[0] == results[1]


def test_compile_builds_the_steps(tmp_path, train, multi_label_data, capsys):
    train("train_and_eval", tmp_path / "m", "--validate_only", data=multi_label_data)
    assert "checked: train step" in capsys.readouterr().out


@pytest.mark.parametrize(
    "changes, message",
    [
        (
            {"optimizer": {"class_weights": "balanced"}},
            "class_weights: for rows of one class each, but those of topics may have several",
        ),
        (
            {"runconfig": {"best_metric": "roc_auc"}},
            "can be judged by accuracy, f1_macro, f1_micro, loss, f1:<class>",
        ),
        ({"model": {"multi_label": False}}, "multi_label: the records have True, .* says False"),
    ],
)
def test_what_is_refused(tmp_path, train, multi_label_data, changes, message):
    with pytest.raises(UserError, match=message):
        train("train_and_eval", tmp_path / "m", config=changes, data=multi_label_data)
    assert not (tmp_path / "m").exists()


def test_wse_refuses_it(multi_label_data):
    with pytest.raises(UserError, match="is multi-label, .* train it with BACKEND=gpu or cpu"):
        rules.check_data(str(multi_label_data), read_manifest(str(multi_label_data)))


def test_a_model_of_one_label_a_row_does_not_fit(model, train, multi_label_data):
    path = model / "params.yaml"
    content = yaml.safe_load(path.read_text())
    del content["data"]["multi_label"], content["model"]["multi_label"]  # as before there were any
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(UserError, match="multi_label: False, the data has True"):
        train("eval", model, data=multi_label_data)


def test_an_exported_model_is_scored_the_same(model, tmp_path, train, multi_label_data, capsys):
    export.main(
        ["--model_dir", str(model), "--to", str(tmp_path / "hf"), "--format", "huggingface"]
    )
    checkpoint = ("--checkpoint_path", tmp_path / "hf")
    train("eval", tmp_path / "scored", *checkpoint, data=multi_label_data)
    found, expected = (
        json.loads((folder / "eval_validation.json").read_text())
        for folder in (tmp_path / "scored", model)
    )
    assert {**found, "step": 60} == pytest.approx(expected, abs=1e-6)
    capsys.readouterr()
    train("predict", tmp_path / "scored", *checkpoint, data=multi_label_data)
    assert "threshold" not in capsys.readouterr().out  # those that its evaluation has tuned
    config = json.loads((tmp_path / "hf" / "config.json").read_text())
    assert config["problem_type"] == "multi_label_classification"
    convert.main([str(tmp_path / "hf"), str(tmp_path / "zoo")])
    assert read(str(tmp_path / "zoo")).is_multi_label
    config["problem_type"] = "single_label_classification"
    (tmp_path / "hf" / "config.json").write_text(json.dumps(config))
    with pytest.raises(
        UserError, match="answers one label a row, .* topics has several labels a row"
    ):
        train("eval", tmp_path / "other", *checkpoint, data=multi_label_data)
