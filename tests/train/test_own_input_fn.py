"""Input functions of the user's own."""

import json
import shutil

import numpy as np
import pytest
import yaml

from inference import model_folder
from shared import config
from shared.errors import UserError
from tests.inputs import read_rows
from tests.train.runs import arguments, assert_same_weights, configuration, weights
from train import run
from train.planning import stated_data

# Without dropout, whose bits follow the shape of a batch.
RECORDS = {
    "model": {"dropout_rate": 0, "attention_dropout_rate": 0, "cls_dropout_rate": 0,
              "num_cls_classes": 2},
    "runconfig": {"max_steps": 4},
}  # fmt: skip

# What a user may write: the project's records, read in the user's own way.
MODULE = """
import glob
import tensorflow as tf

def records(params, section):
    inputs = params[section]
    paths = sorted(glob.glob(inputs["data_dir"] + "/" + inputs["split"] + "/*.tfrecord"))
    def parse(serialized):
        row = tf.io.FixedLenFeature([32], tf.int64)
        spec = {name: row for name in ("input_ids", "input_mask", "segment_ids")}
        spec["labels"] = tf.io.FixedLenFeature([], tf.int64)
        batch = tf.io.parse_example(serialized, spec)
        batch = {name: tf.cast(value, tf.int32) for name, value in batch.items()}
        labels = batch.pop("labels")
        return batch, labels
    return tf.data.TFRecordDataset(paths).batch(inputs["batch_size"]).map(parse)

def train_input_fn(params):
    return records(params, "train_input").repeat()

def eval_input_fn(params, input_context=None):
    return records(params, "eval_input")

def ends_soon(params):
    return records(params, "train_input").take(3)

def finite(params):
    ids = tf.ones([8, 32], tf.int32)
    features = {"input_ids": ids, "input_mask": 0 * ids, "segment_ids": 0 * ids}
    return tf.data.Dataset.from_tensors((features, tf.ones([8], tf.int32)))

def endless(params):
    return finite(params).repeat()

def predict_first(params):
    return records(params, "predict_input").take(1)

def wrong(params):
    def change(features, labels):
        segments = tf.cast(features["segment_ids"], tf.int64)
        ids = features["input_ids"]
        return {"input_ids": ids, "segment_ids": segments}, ids
    return records(params, "train_input").map(change)

def changed(params, **changes):
    def change(features, labels):
        batch = {**features, "labels": labels}
        batch = {name: changes.get(name, lambda x: x)(value) for name, value in batch.items()}
        labels = batch.pop("labels")
        return batch, labels
    return records(params, "train_input").repeat().map(change)

def high_label(params):
    return changed(params, labels=lambda labels: labels + 1)

def no_label(params):
    return changed(params, labels=lambda labels: labels - 1)

def high_id(params):
    return changed(params, input_ids=lambda ids: ids + 100)

def few_rows(params):
    return records(params, "train_input").repeat().unbatch().batch(2)

def marked(params):
    assert params["train_input"]["mark"] == {"by": None} and params["train_input"]["cache"]
    return train_input_fn(params)

def nothing(params):
    return [1, 2]

not_a_function = 3
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "my_inputs.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)


def inputs(**functions):
    return {f"{name}_input": {"input_fn": f"my_inputs.{path}"} for name, path in functions.items()}


@pytest.mark.usefixtures("module")
def test_training_and_evaluation_with_own_functions(train, tmp_path, trained_once, capsys):
    own = inputs(train="train_input_fn", eval="eval_input_fn")
    train("train_and_eval", tmp_path / "own", config=own)
    assert "(500 examples)" in capsys.readouterr().out
    found = weights(tmp_path / "own", 12)
    assert set(found) == set(weights(trained_once, 12))
    # Stopped and started again, it skips what was taken.
    train("train", tmp_path / "parts", "--max_steps", 5, config=own)
    train("train", tmp_path / "parts", config=own)
    assert_same_weights(weights(tmp_path / "parts", 12), found)


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize(
    "function, message",
    [
        ("finite", "returned a dataset that ends; for training it must repeat"),
        ("ends_soon", "ran out of data during training; its dataset must repeat"),
        ("nothing", "expected a tf.data.Dataset, found list"),
        ("wrong", r"input_mask: expected int32 of 2 dimensions, found None\n  segment_ids: expe"),
        ("wrong", r"labels: expected int32 of 1 dimensions, found TensorSpec"),
        ("high_label", "a batch breaks the rule: labels from 0 to 1$"),
        pytest.param("no_label", "breaks the rule: labels from 0 to 1$", marks=pytest.mark.long),
        ("high_id", "a batch breaks the rule: input_ids from 0 to 149$"),
        ("few_rows", "a batch breaks the rule: 8 rows, batch_size for each device$"),
        ("missing", "module my_inputs has no function missing"),
        ("not_a_function", "has no function not_a_function"),
    ],
)  # fmt: skip
def test_what_a_function_returns_is_checked(train, tmp_path, function, message):
    with pytest.raises(UserError, match=message) as error:
        train("train", tmp_path / "m", config=inputs(train=function))
    assert "input_fn " in str(error.value)


def test_a_module_that_is_not_there(train, tmp_path):
    with pytest.raises(UserError, match="No module named 'no_such'.*that Python can import"):
        train("train", tmp_path / "m", config={"train_input": {"input_fn": "no_such.function"}})


@pytest.mark.usefixtures("module")
def test_a_function_finds_every_key_of_its_section(train, tmp_path, capsys):
    own = {"input_fn": "my_inputs.marked", "mark": {"by": None}, "cache": True}
    train("train", tmp_path / "m", "--max_steps", 1, config={"train_input": own})
    assert "passed to my_inputs.marked as they are: cache, mark" in capsys.readouterr().out


@pytest.mark.usefixtures("module")
def test_predictions_need_every_example(train, trained):
    own = inputs(predict="predict_first")
    with pytest.raises(UserError, match="gave 64 examples of split test, which has 500"):
        train("predict", trained, config=own)


@pytest.mark.usefixtures("module")
def test_an_evaluation_does_not_inherit_a_function_that_repeats(train, tmp_path, trained, capsys):
    content = configuration(inputs(train="train_input_fn"))
    del content["eval_input"]
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(content))
    assert config.load(str(tmp_path / "p.yaml"), print).eval_input.input_fn is None
    with pytest.raises(UserError, match="returned an endless dataset; for valid"):
        train("eval", trained, config=inputs(eval="endless"))


@pytest.fixture
def rewritten(trained_once, tmp_path, monkeypatch):
    """A copy of a model folder, in which somebody else named functions in params.yaml; importing
    their module leaves a file `ran`."""
    (tmp_path / "theirs.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    folder = shutil.copytree(trained_once, tmp_path / "m")
    content = yaml.safe_load((folder / "params.yaml").read_text())
    for section in ("train_input", "eval_input"):
        content[section]["input_fn"] = "theirs.function"
    (folder / "params.yaml").write_text(yaml.safe_dump(content))
    return folder


@pytest.mark.parametrize("is_given", [False, True])
def test_no_code_is_run_that_a_model_folder_names(rewritten, demo_data, tmp_path, is_given):
    asked = arguments("eval", rewritten, rewritten / "params.yaml", demo_data)
    if not is_given:
        at = asked.index("--params")
        del asked[at : at + 2]
    with pytest.raises(UserError, match="no code is run that a model folder's file names") as error:
        run.main(asked)
    assert "SET=eval_input.input_fn=theirs.function" in str(error.value)
    assert not (tmp_path / "ran").exists()


def test_a_folder_elsewhere_is_a_model_folder_too(rewritten, demo_data, tmp_path):
    asked = arguments("train", tmp_path / "new", rewritten / "params.yaml", demo_data)
    with pytest.raises(UserError, match="train_input.input_fn is theirs.function, but no code"):
        run.main(asked)
    assert not (tmp_path / "ran").exists()


@pytest.mark.usefixtures("module")
def test_a_function_named_on_the_command_line(rewritten, demo_data, tmp_path, capsys):
    asked = arguments("eval", rewritten, rewritten / "params.yaml", demo_data)
    run.main([*asked, "--set", "eval_input.input_fn=my_inputs.eval_input_fn"])
    assert "(500 examples)" in capsys.readouterr().out
    # A function for training does not keep the model from being used.
    run.main(arguments("predict", rewritten, rewritten / "params.yaml", demo_data))
    assert not (tmp_path / "ran").exists()


@pytest.fixture
def zoo(tmp_path, demo_data):
    """A function: section, function of tests/zoo_inputs.py, split -> that section of a run."""

    def make(section, function, split):
        rows = read_rows(demo_data, split)
        path = str(tmp_path / f"{split}.npz")
        np.savez(path, **{name: rows[name] for name in ("input_ids", "segment_ids", "labels")})
        stated = {"max_sequence_length": 32, "vocab_size": 150, "batch_size": 4}
        return {section: {"input_fn": f"tests.zoo_inputs.{function}", "path": path, **stated}}

    return make


@pytest.fixture
def without_data(tmp_path):
    """A function: mode, configuration, more arguments -> the model_dir, run without a dataset."""

    def run_it(mode, changes, *more):
        changes = {"model": {"num_cls_classes": 2}, **changes}
        (tmp_path / "p.yaml").write_text(yaml.safe_dump(configuration(changes)))
        arguments = ["--mode", mode, "--params", tmp_path / "p.yaml", "--model_dir", tmp_path / "m"]
        run.main([*map(str, arguments), "--backend", "cpu", *more])
        return tmp_path / "m"

    return run_it


def test_the_model_zoos_features_without_a_dataset(zoo, without_data, train, tmp_path, capsys):
    """Steps, scores and answers are those of the same rows read from records."""
    ours = {**RECORDS, "train_input": {"batch_size": 4, "shuffle": False}}
    folder = without_data("train", {**RECORDS, **zoo("train_input", "train_input_fn", "train")})
    assert (
        "examples: from tests.zoo_inputs.train_input_fn, 2 classes, up to 32"
        in capsys.readouterr().out
    )
    train("train", tmp_path / "ours", config=ours)
    for name, values in weights(tmp_path / "ours").items():
        np.testing.assert_allclose(weights(folder)[name], values, atol=1e-5, err_msg=name)
    without_data("eval", zoo("eval_input", "eval_input_fn", "validation"))
    train("eval", tmp_path / "ours", config=ours)
    found, expected = (
        json.loads((of / "eval_validation.json").read_text()) for of in (folder, tmp_path / "ours")
    )
    assert found["loss"] == pytest.approx(expected["loss"], rel=1e-5)
    assert (found["examples"], found["accuracy"]) == (500, expected["accuracy"])
    without_data("predict", zoo("predict_input", "predict_input_fn", "test"))
    train("predict", tmp_path / "ours", config=ours)
    found, expected = (
        np.load(of / "predict" / "predictions_test.npz")["arr_0"]
        for of in (folder, tmp_path / "ours")
    )
    # Those of records are in the order of GLUE's test file.
    np.testing.assert_allclose(np.sort(found, axis=0), np.sort(expected, axis=0), atol=1e-5)
    line = json.loads((folder / "predict_test.jsonl").read_text().splitlines()[0])
    assert list(line["probabilities"]) == ["0", "1"]
    with pytest.raises(UserError, match="--with_text: the texts of tests.zoo_inputs.predict_input"):
        without_data("predict", zoo("predict_input", "predict_input_fn", "test"), "--with_text")
    with pytest.raises(UserError, match="how its texts became ids is unknown"):
        model_folder.read(str(folder))


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"model": {}}, "has no dataset, so state model.num_cls_classes; or give the dataset"),
        ({"train_input": {"vocab_size": None}}, "so state train_input.vocab_size; or give"),
        (
            {"train_input": {"data_processor": "MnliDataProcessor"}},
            "num_cls_classes: the records ha",
        ),
        ({"runconfig": {"num_epochs": 1, "max_steps": None}}, "no known length without a dataset"),
        ({"optimizer": {"class_weights": "balanced"}}, "without a dataset no class is counted"),
    ],
)
def test_what_is_needed_without_a_dataset(zoo, without_data, changes, message):
    own = zoo("train_input", "train_input_fn", "train")
    own = {**changes, "train_input": {**own["train_input"], **changes.get("train_input", {})}}
    with pytest.raises(UserError, match=message):
        without_data("train", own)


def test_the_task_may_be_named(zoo, tmp_path):
    """Then its labels have their names."""
    own = zoo("train_input", "train_input_fn", "train")
    own["train_input"]["data_processor"] = "Sst2DataProcessor"
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(configuration(own)))
    params = config.load(str(tmp_path / "p.yaml"), print)
    found = stated_data.manifest(params, "p.yaml", "train_input")
    assert (found.task, found.label_names) == ("sst2", ("negative", "positive"))
    assert found.splits["train"].is_labelled and not found.splits["train"].is_counted
