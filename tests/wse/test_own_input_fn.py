"""Input functions of the user's own on wse: the Model Zoo's features dictionary, and what Cerebras'
software would not take."""

import dataclasses
import json

import numpy as np
import pytest
from cerebras.standin import calls

from shared.config import InputConfig
from shared.errors import UserError
from shared.manifest_file import read_manifest
from tests.wse import dataset, runs
from train.data import in_memory
from train.wse import own_input_fn

STATED = {"max_sequence_length": dataset.MAX_SEQUENCE_LENGTH, "vocab_size": dataset.VOCABULARY_SIZE}
CLUSTER = {"cluster": {"chief": ["h:1"], "worker": ["a:1", "b:1", "c:1"]}}


@pytest.fixture
def own(sentences, tmp_path):
    """A function: section, name in tests/zoo_inputs.py, split (of it the first rows) -> the section
    that names it. The rows come in the order in which runs.SMALL reads the records."""

    def make(section, function, split, rows=None):
        found = in_memory.read_split(sentences, split, read_manifest(sentences))
        ids, path = found.input_ids[:rows].astype(np.int32), str(tmp_path / f"{split}.npz")
        np.savez(path, input_ids=ids, segment_ids=0 * ids, labels=found.labels[:rows])
        settings = {"input_fn": f"tests.zoo_inputs.{function}", "path": path, **STATED}
        return {section: {**runs.SMALL.get(section, {}), "batch_size": 8, **settings}}

    return make


@pytest.fixture
def run(tmp_path):
    """A function: mode, name of model_dir, changes, dataset or None -> model_dir."""

    def start(mode, name, changes, data=None, *more):
        changes = {**changes, "model": {"num_cls_classes": 2, **changes.get("model", {})}}
        runs.write_yaml(tmp_path / "p.yaml", changes)
        arguments = runs.arguments(mode, tmp_path / name, tmp_path / "p.yaml", data, *more)
        if data is None:
            arguments = [word for word in arguments if word not in ("--data_dir", "None")]
        runs.run.main(arguments)
        return tmp_path / name

    return start


def test_the_model_zoos_features_without_a_dataset(run, own, trained_once, capsys):
    """The steps are those of the same rows read from records."""
    zoo = own("train_input", "train_input_fn", "train")
    found = runs.logged(run("train", "own", zoo), "train/cost_cls")
    expected = runs.logged(trained_once, "train/cost_cls")
    assert found == pytest.approx(expected, rel=1e-6) and sorted(found) == [1, 2, 3, 4]
    output = capsys.readouterr().out
    assert "passed to tests.zoo_inputs.train_input_fn as they are: path" in output
    with pytest.raises(UserError, match="how many examples it gives is not known without a data"):
        run("predict", "own", own("predict_input", "predict_input_fn", "test"))


@pytest.fixture
def batches(own, sentences):
    """A function: a function of tests/zoo_inputs.py, first step -> the batches of a training."""

    def make(function, first_step):
        (section,) = own("train_input", function, "train").values()
        options = InputConfig(8, input_fn=section["input_fn"], max_sequence_length=16)
        params = dataclasses.replace(
            runs.modelzoo_config(),
            train_input=options,
            own_keys={"train_input": {"path": section["path"]}},
        )
        return own_input_fn.train_batches(params, "train", read_manifest(sentences), first_step)

    return make


def test_a_resumed_training_goes_on_with_the_next_batch(batches, monkeypatch):
    def rows(first_step):
        found = batches("train_input_fn", first_step).take(4)
        return [features["input_ids"].numpy().tolist() for features, _ in found]

    assert rows(2)[:2] == rows(0)[2:] and rows(0)[0] != rows(0)[1]
    monkeypatch.setenv("TF_CONFIG", json.dumps({**CLUSTER, "task": {"type": "chief", "index": 0}}))
    assert rows(9)[0] == rows(0)[3]  # three workers have fed three batches each


def test_workers_are_told_which_they_are(batches, monkeypatch, capsys):
    monkeypatch.setenv("TF_CONFIG", json.dumps({**CLUSTER, "task": {"type": "worker", "index": 2}}))
    batches("of_a_worker", 0)
    assert capsys.readouterr().out == "worker 2 of 3\n"


def test_evaluations_and_predictions_are_those_of_the_records(run, own, sentences, trained):
    run("eval", "trained", {}, sentences)
    expected = json.loads((trained / "eval_validation.json").read_text())
    (trained / "eval_validation.json").unlink()
    # 21 rows in batches of up to 8: three of 7
    run("eval", "trained", own("eval_input", "eval_input_fn", "validation"), sentences)
    assert json.loads((trained / "eval_validation.json").read_text()) == expected
    with pytest.raises(UserError, match="the rule: the dataset of an evaluation has every example"):
        run("eval", "trained", own("eval_input", "eval_input_fn", "validation", rows=14), sentences)
    run("predict", "trained", {}, sentences)
    expected = runs.predictions(trained)
    # 10 rows in batches of 5
    section = own("predict_input", "predict_input_fn", "test")
    section["predict_input"]["batch_size"] = 5
    run("predict", "trained", section, sentences)
    np.testing.assert_allclose(runs.predictions(trained), expected, atol=1e-6)


def test_the_compiler_gets_what_the_model_reads(run, own, capsys):
    zoo = {**runs.MIXED, **own("train_input", "train_input_fn", "train")}
    (call,) = calls.read(run("train", "m", zoo, None, "--compile_only"))
    shape = [[8, 16], "int32"]
    assert call["features"] == dict.fromkeys(["input_ids", "input_mask", "segment_ids"], shape)
    assert (
        "ok        data: train_input.input_fn tests.zoo_inputs.train_input_fn gives batches int32 "
        "[8, 16], static" in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    "function, message",
    [
        ("that_ends", "returned a dataset that ends; for training it must repeat"),
        ("that_ends_unseen", "the rule: the dataset of a training repeats, but this one h"),
        ("with_a_remainder", r"  labels: expected the shape \[8\], found \[None\]; use batch\(b"),
        ("trimmed", r"  input_ids: expected the shape \[8, 16\], found \[8, 8\]; pad to max_sequ"),
        ("of_open_length", r"  input_ids: expected the shape \[8, 16\], found \[8, None\]; pad"),
        ("of_int64", r"  input_ids: expected int32 of 2 dimensions, found TensorSpec"),
        ("weighted", "  weights: wse counts every row; leave them out"),
    ],
)  # fmt: skip
def test_what_cerebras_software_would_not_take_is_one_message(run, own, function, message):
    with pytest.raises(UserError, match=message):
        run("train", "m", own("train_input", function, "train"))


def test_it_is_found_before_the_software_is_called(run, own, tmp_path):
    section = own("train_input", "with_a_remainder", "train")
    with pytest.raises(UserError, match="drop_remainder"):
        run("train", "m", {**runs.MIXED, **section}, None, "--compile_only")
    assert not (tmp_path / "m").exists()
