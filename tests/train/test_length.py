"""Epochs and shares of a training, in steps; expected numbers by hand."""

import dataclasses

import pytest

from shared import config
from shared.config import Config, InputConfig, ModelConfig, OptimizerConfig, RunConfig, Schedule
from shared.errors import UserError
from shared.manifest_file import read_manifest
from train.planning import length


@pytest.fixture
def steps_of(demo_data):
    """A function: runconfig, optimizer, examples -> the two in steps; batches of 32."""

    def in_steps(run, optimizer=(), examples=2490, batch_size=32):
        manifest = read_manifest(str(demo_data))
        split = dataclasses.replace(manifest.splits["train"], examples=examples)
        manifest = dataclasses.replace(manifest, splits={**manifest.splits, "train": split})
        inputs = [InputConfig(batch_size=batch_size)] * 3
        rate = {"learning_rate": (Schedule("Constant", {"learning_rate": 0.5}),), **dict(optimizer)}
        model = ModelConfig(hidden_size=8, num_heads=2, num_hidden_layers=1, filter_size=16)
        given = Config(*inputs, model, OptimizerConfig(**rate), RunConfig(**run))
        found = length.in_steps(given, manifest)
        return found.runconfig, found.optimizer

    return in_steps


def test_rte_in_three_epochs(steps_of):
    run, optimizer = steps_of(
        {"num_epochs": 3, "save_checkpoints_epochs": 1},
        {"warmup_ratio": 0.1, "learning_rate_decay": "linear"},
    )
    assert (run.max_steps, run.save_checkpoints_steps) == (231, 77)  # 2490 // 32 = 77
    assert (run.num_epochs, run.save_checkpoints_epochs) == (None, None)
    rise, fall = optimizer.learning_rate
    assert rise == Schedule(
        "Linear", {"initial_learning_rate": 0.0, "end_learning_rate": 0.5, "steps": 23}
    )
    assert fall == Schedule(
        "Linear", {"initial_learning_rate": 0.5, "end_learning_rate": 0.0, "steps": 208}
    )
    assert (optimizer.warmup_ratio, optimizer.learning_rate_decay) == (None, None)


@pytest.mark.parametrize(
    "epochs, parts, expected", [(0.5, 1, 38), (1, 2, 38), (2, 2, 76), (0.001, 1, 1)]
)
def test_parts_of_epochs_and_accumulated_batches(steps_of, epochs, parts, expected):
    run, _ = steps_of({"num_epochs": epochs}, {"grad_accum_steps": parts})
    assert run.max_steps == expected  # round(0.5 x 77) = 38; 2490 // 64 = 38


@pytest.mark.parametrize(
    "decay, last",
    [
        (None, Schedule("Constant", {"learning_rate": 0.5})),
        ("constant", Schedule("Constant", {"learning_rate": 0.5})),
        ("cosine", Schedule("Cosine", {"initial_learning_rate": 0.5, "decay_steps": 75})),
    ],
)
def test_other_decays(steps_of, decay, last):
    optimizer = {"warmup_ratio": 0.25, "learning_rate_decay": decay}
    assert steps_of({"max_steps": 100}, optimizer)[1].learning_rate[-1] == last


def test_no_warm_up(steps_of):
    (fall,) = steps_of({"max_steps": 100}, {"learning_rate_decay": "linear"})[1].learning_rate
    assert fall.values["steps"] == 100


def test_shares_in_schedules(steps_of):
    schedules = (
        Schedule("Linear", {"initial_learning_rate": 0, "end_learning_rate": 1, "steps": 0.1}),
        Schedule("PiecewiseConstant", {"boundaries": (0.25, 0.5), "values": (3, 2, 1)}),
    )
    first, second = steps_of({"max_steps": 80}, {"learning_rate": schedules})[1].learning_rate
    assert first.values["steps"] == 8
    assert second.values == {"boundaries": (20, 40), "values": (3, 2, 1)}


def test_a_share_of_few_steps_is_one(steps_of):
    schedules = (Schedule("Constant", {"learning_rate": 1, "steps": 0.01}),)
    assert (
        steps_of({"max_steps": 3}, {"learning_rate": schedules})[1].learning_rate[0].duration == 1
    )


def test_steps_stay_as_they_are(steps_of):
    run, optimizer = steps_of({"steps": 5, "save_checkpoints_steps": 3})
    assert (run.steps, run.max_steps, run.save_checkpoints_steps) == (5, None, 3)
    assert optimizer.learning_rate[0].values == {"learning_rate": 0.5}


def test_a_share_of_an_unknown_length(steps_of):
    with pytest.raises(UserError, match="shares of the training, whose length is not known with"):
        steps_of({"steps": 5}, {"warmup_ratio": 0.1})


def test_too_few_examples_for_a_step(steps_of):
    with pytest.raises(UserError, match="31 examples, fewer than train_input.batch_size 32"):
        steps_of({"num_epochs": 1}, examples=31)


def test_the_names_of_the_decays():
    field = {field.name: field for field in dataclasses.fields(config.OptimizerConfig)}
    assert field["learning_rate_decay"].metadata["parse"]("Cosine") == "cosine"
