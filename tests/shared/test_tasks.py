import json

import pytest
import tensorflow_datasets as tfds

from shared import tasks
from shared.errors import UserError
from tests.inputs import reference

BUILDER_CONFIGS = {
    config.name: config
    for config in tfds.builder_cls("glue").BUILDER_CONFIGS
    # TFDS offers MNLI's validation and test splits a second time under these names.
    if config.name not in ("mnli_matched", "mnli_mismatched")
}


def test_the_tasks_are_those_of_tfds():
    assert set(tasks.TASKS) == set(BUILDER_CONFIGS)


@pytest.mark.parametrize("name", BUILDER_CONFIGS)
def test_columns_and_label_order_are_those_of_tfds(name):
    task, config = tasks.get(name), BUILDER_CONFIGS[name]
    assert list(task.text_columns) == list(config.text_features)
    assert task.label_names == (config.label_classes and tuple(config.label_classes))


def test_splits_and_lengths():
    assert tasks.get("sst2").max_sequence_length == 72
    assert tasks.get("mnli").max_sequence_length == 448
    assert tasks.get("ax").splits == ("test",)
    assert tasks.get("mnli").splits == (
        *("train", "validation_matched", "validation_mismatched"),
        *("test_matched", "test_mismatched"),
    )


def test_an_unknown_task_is_answered_with_the_nearest():
    with pytest.raises(UserError, match="unknown task 'sst-2': did you mean 'sst2'"):
        tasks.get("sst-2")


def test_every_test_split_has_its_file_of_a_submission():
    test_splits = [
        (name, split) for name, task in tasks.TASKS.items() for split in task.splits
        if tasks.is_test(split)
    ]  # fmt: skip
    assert list(tasks.SUBMISSIONS) == test_splits
    scores = [key for key, entry in tasks.SUBMISSIONS.items() if entry.form == tasks.SCORE]
    assert scores == [(name, "test") for name, task in tasks.TASKS.items() if task.is_regression]
    assert len({entry.file for entry in tasks.SUBMISSIONS.values()}) == 11


@pytest.mark.parametrize("task", ["sst2", "rte"])
def test_the_rows_of_a_submission_are_those_of_the_test_file(task):
    info = json.loads(reference(f"data/tfds/glue/{task}/2.0.0/dataset_info.json").read_text())
    (test,) = [split for split in info["splits"] if split["name"] == "test"]
    assert tasks.SUBMISSIONS[task, "test"].rows == sum(map(int, test["shardLengths"]))
