"""Which splits may be trained on, scored and predicted; GLUE's own names and labels."""

import dataclasses

import pytest

from shared import tasks
from shared.errors import UserError
from shared.manifest import Manifest, Split, Vocabulary
from train.data import splits as choose_splits
from train.planning import resolve


def dataset(task, **unlabelled):
    """The manifest of a GLUE task: splits of 10 rows; test splits have no labels."""
    known = tasks.TASKS[task]
    splits = {}
    for name in known.splits:
        rows = unlabelled.get(name, 10 if name.startswith("test") else 0)
        splits[name] = Split(10, (), {}, 0, 0.0, {}, rows, None)
    vocabulary = Vocabulary("v", 64, "", True, True, True, {})
    return Manifest(task, {}, known.text_columns, 8, vocabulary, known.label_names, splits, {})


def test_matched_and_mismatched_are_scored_apart_and_the_first_one_decides():
    found = dataset("mnli")
    assert choose_splits.to_evaluate(found, None) == ["validation_matched", "validation_mismatched"]
    assert choose_splits.to_predict(found, None) == ["test_matched", "test_mismatched"]


def test_ax_is_predicted_only():
    found = dataset("ax")
    assert choose_splits.to_predict(found, None) == ["test"]
    with pytest.raises(UserError, match="task ax has no labelled split to evaluate"):
        choose_splits.to_evaluate(found, None)
    with pytest.raises(UserError, match="task ax has no train split; it can only be predicted"):
        choose_splits.check_train(found)


@pytest.mark.parametrize("task", [name for name in tasks.TASKS if name not in ("ax", "mnli")])
def test_every_other_task_has_one_split_of_each_kind(task):
    found = dataset(task)
    choose_splits.check_train(found)
    assert choose_splits.to_evaluate(found, None) == ["validation"]
    assert choose_splits.to_predict(found, None) == ["test"]


def test_labels_of_minus_one_are_refused():
    found = dataset("rte", train=1, validation=2)
    with pytest.raises(UserError, match=r"split train has 1 examples without a label \(-1\)"):
        choose_splits.check_train(found)
    with pytest.raises(UserError, match=r"split validation has 2 examples without a label \(-1\)"):
        choose_splits.to_evaluate(found, "validation")
    with pytest.raises(UserError, match="no labelled split"):
        choose_splits.to_evaluate(found, None)
    assert choose_splits.to_predict(found, None) == ["train", "validation", "test"]


def test_a_labelled_test_split_never_chooses_the_best_model():
    made = dataset("rte", test=0)
    found = dataclasses.replace(made, splits=dict(sorted(made.splits.items())))  # as JSON has them
    assert choose_splits.to_evaluate(found, None) == ["validation", "test"]
    named = dataclasses.replace(found, splits=dict.fromkeys(("test", "dev"), found.splits["test"]))
    assert choose_splits.to_evaluate(named, None) == ["dev", "test"]


def test_a_split_may_be_asked_for():
    found = dataset("rte", test=0)
    assert choose_splits.to_evaluate(found, "train") == ["train"]
    assert choose_splits.to_predict(found, "validation") == ["validation"]
    with pytest.raises(UserError, match="every split of task rte has labels; give --split, one of"):
        choose_splits.to_predict(found, None)


def test_a_configuration_for_mnli_may_predict_ax(tiny):
    inputs = {"data_processor": "MnliDataProcessor"}
    params = tiny(train_input=inputs, model={"num_cls_classes": None, "vocab_size": None})
    resolve.check_data(params, "p.yaml", "predict_input", "data/ax", dataset("ax"))
    with pytest.raises(UserError, match="task: the records have rte, p.yaml says mnli"):
        resolve.check_data(params, "p.yaml", "predict_input", "data/rte", dataset("rte"))
