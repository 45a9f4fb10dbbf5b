"""The fine-tuning recipe under short configurations, and settings of the command line over all."""

import pytest
import yaml

from shared import config
from shared.config import recipe
from shared.errors import UserError
from tests.inputs import ROOT

SIZES = {"hidden_size": 8, "num_heads": 2, "num_hidden_layers": 1, "filter_size": 16}
COMPLETE = {
    "train_input": {"batch_size": 2},
    "model": SIZES,
    "optimizer": {"learning_rate": 0.5},
    "runconfig": {"max_steps": 7},
}


@pytest.fixture
def load(tmp_path):
    """A function: content, settings, what the checkpoint says -> the configuration."""

    def read(content, *given, model=SIZES):
        path = tmp_path / "own.yaml"
        path.write_text(yaml.safe_dump(content))
        return config.load(str(path), pytest.fail, given, lambda: model)

    return read


def test_the_recipe_is_the_documented_one(load):
    found = load({})
    optimizer, run = found.optimizer, found.runconfig
    assert optimizer.learning_rate == (config.Schedule("Constant", {"learning_rate": 5e-5}),)
    assert (optimizer.warmup_ratio, optimizer.learning_rate_decay) == (0.1, "linear")
    assert (optimizer.optimizer_type, optimizer.weight_decay_rate) == ("adamw", 0.01)
    assert (optimizer.max_gradient_norm, optimizer.use_bias_correction) == (1.0, True)
    assert (run.num_epochs, run.save_checkpoints_epochs, run.eval_checkpoints) == (3.0, 1.0, True)
    assert found.train_input.batch_size == found.eval_input.batch_size == 32
    assert found.model.dropout_rate == found.model.cls_dropout_rate == 0.1
    assert found == config.load(config.RECIPE, pytest.fail, (), lambda: SIZES)
    assert str(ROOT / "configs" / "fine_tuning.yaml") == config.RECIPE


def test_a_short_configuration_holds_what_differs(load):
    found = load({"optimizer": {"learning_rate": 1e-5}, "train_input": {"batch_size": 4}})
    assert found.optimizer.learning_rate[0].values == {"learning_rate": 1e-5}
    assert found.optimizer.warmup_ratio == 0.1
    assert found.eval_input.batch_size == 4


def test_the_checkpoint_is_between_the_recipe_and_the_file(load):
    model = {**SIZES, "dropout_rate": 0.2, "attention_dropout_rate": 0.3}
    found = load({"model": {"attention_dropout_rate": 0.0}}, model=model).model
    rates = (found.dropout_rate, found.attention_dropout_rate, found.cls_dropout_rate)
    assert rates == (0.2, 0.0, 0.1)
    assert config.load(config.RECIPE, pytest.fail, (), lambda: model).model.dropout_rate == 0.2


def test_a_complete_configuration_keeps_its_meaning(load):
    found = load(COMPLETE, model=None)
    assert found.optimizer == config.OptimizerConfig(
        learning_rate=(config.Schedule("Constant", {"learning_rate": 0.5}),)
    )
    assert found.model == config.ModelConfig(**SIZES)
    assert found.runconfig == config.RunConfig(max_steps=7)


@pytest.mark.parametrize("key", recipe.SIZES)
def test_one_size_makes_it_complete(load, key):
    with pytest.raises(UserError, match="optimizer.learning_rate: missing"):
        load({"model": {key: 2}})


@pytest.mark.parametrize(
    "section, stated, dropped",
    [
        ("runconfig", {"max_steps": 5}, {"num_epochs"}),
        ("runconfig", {"steps": 5}, {"num_epochs"}),
        ("runconfig", {"save_checkpoints_steps": 5}, {"save_checkpoints_epochs"}),
        ("runconfig", {"max_steps": None, "steps": None}, set()),
        ("optimizer", {"optimizer_type": "sgd"}, set()),
        (
            "optimizer",
            {"learning_rate": [{"scheduler": "Constant", "learning_rate": 1.0}]},
            {"warmup_ratio", "learning_rate_decay"},
        ),
    ],
)
def test_what_contradicts_the_recipe_replaces_it(load, section, stated, dropped):
    found = getattr(load({section: stated}), section)
    assert {name for name in recipe_keys(section) if getattr(found, name) is None} == dropped


def recipe_keys(section):
    return yaml.safe_load(open(config.RECIPE, encoding="utf-8"))[section]


def test_a_value_limit_replaces_the_norm_and_sgd_the_decay(load):
    assert load({"optimizer": {"max_gradient_value": 2}}).optimizer.max_gradient_norm == 0
    assert load({"optimizer": {"optimizer_type": "sgd"}}).optimizer.weight_decay_rate == 0


@pytest.mark.parametrize(
    "stated",
    [{"optimizer_type": "AdamW"}, {"optimizer_type": None}, {"max_gradient_value": None},
     {"max_gradient_value": 0}],
)  # fmt: skip
def test_what_says_the_same_or_nothing_replaces_nothing(load, stated):
    assert load({"optimizer": stated}).optimizer == load({}).optimizer


def test_an_empty_input_is_as_one_left_out(load):
    found = load({**COMPLETE, "eval_input": None, "predict_input": None})
    assert (found.eval_input.batch_size, found.predict_input.batch_size) == (2, 2)


def test_settings_come_before_the_file(load):
    given = ("optimizer.learning_rate=3e-5", "train_input.batch_size=6", "runconfig.max_steps=9")
    found = load(COMPLETE, *given)
    assert found.optimizer.learning_rate[0].values == {"learning_rate": 3e-5}
    assert [found.train_input.batch_size, found.eval_input.batch_size] == [6, 6]
    assert found.runconfig.max_steps == 9
    assert config.dump(found)["given"] == {
        "optimizer.learning_rate": "3e-5", "train_input.batch_size": 6, "runconfig.max_steps": 9,
    }  # fmt: skip


def test_a_length_replaces_that_of_the_file(load):
    run = load(COMPLETE, "runconfig.num_epochs=2", "runconfig.save_checkpoints_epochs=1").runconfig
    assert (run.num_epochs, run.max_steps, run.save_checkpoints_epochs) == (2.0, None, 1.0)


def test_settings_of_one_input(load):
    found = load(COMPLETE, "eval_input.batch_size=5", "predict_input.memory_limit_gb=1")
    sizes = [found.train_input.batch_size, found.eval_input.batch_size]
    assert [*sizes, found.predict_input.batch_size] == [2, 5, 5]
    assert (found.eval_input.memory_limit_gb, found.predict_input.memory_limit_gb) == (4.0, 1.0)


def test_what_was_given_is_skipped_when_params_yaml_is_read(load):
    content = config.dump(load(COMPLETE, "runconfig.max_steps=9"))
    assert load(content).given == {}
    assert load(content).runconfig.max_steps == 9


@pytest.mark.parametrize(
    "given, message",
    [
        (
            ["optimizer.learning_rat=1"],
            "optimizer.learning_rat: unknown key 'learning_rat': did you mean 'learning_rate'? "
            "All are in docs/configuration.md",
        ),
        (["optimiser.beta1=1"], "unknown section 'optimiser': did you mean 'optimizer'?"),
        (["runconfig.max_steps=ten"], "runconfig.max_steps: expected a number, found 'ten'"),
        (["max_steps=10"], "SET is 'max_steps=10' (--set): expected section.key=value"),
        (["optimizer.beta1", "=", "1"], "SET is split at blanks: write none around ="),
        (["runconfig.best_metric='f1:my", "class'"], "ARGS=\"--set 'section.key=value'\""),
        (["runconfig.max_steps"], "expected section.key=value"),
        (["model.dropout_rate={"], "SET (--set) model.dropout_rate is '{', which is not YAML"),
        (["optimizer.beta1=0.5", "optimizer.beta1=0.6"], "SET (--set) gives optimizer.beta1 twice"),
        (
            ["runconfig.num_epochs=2", "runconfig.max_steps=4"],
            "runconfig.num_epochs and max_steps: give only one of them",
        ),
    ],
)
def test_faulty_settings(load, given, message):
    with pytest.raises(UserError) as error:
        load(COMPLETE, *given)
    assert message in str(error.value)


@pytest.mark.parametrize(
    "optimizer, message",
    [
        (
            {"learning_rate": {"scheduler": "Constant", "learning_rate": 1, "steps": 5},
             "warmup_ratio": 0.1},
            "optimizer.warmup_ratio: learning_rate has schedules already; make it a number",
        ),
        (
            {"learning_rate": {"scheduler": "Cosine", "initial_learning_rate": 1, "decay_steps": 2},
             "learning_rate_decay": "linear"},
            "optimizer.learning_rate_decay: learning_rate has schedules already",
        ),
        (
            {"learning_rate": 1, "warmup_ratio": 0.1, "learning_rate_decay": "cosine",
             "disable_lr_steps_reset": True},
            "optimizer.warmup_ratio and learning_rate_decay: disable_lr_steps_reset has no effect",
        ),
        ({"learning_rate": 1, "warmup_ratio": 1}, "expected a number of at least 0 and below 1"),
        (
            {"learning_rate": {"scheduler": "PiecewiseConstant", "boundaries": [0.5, 10],
                               "values": [1, 2, 3]}},
            "give all `boundaries` as steps, or all as shares of the training",
        ),
        (
            {"learning_rate": {"scheduler": "Constant", "learning_rate": 1, "steps": 1.5}},
            "expected a whole number of steps of at least 1, or a share of the training between 0",
        ),
    ],
)  # fmt: skip
def test_rates_that_contradict_themselves(load, optimizer, message):
    with pytest.raises(UserError) as error:
        load({**COMPLETE, "optimizer": optimizer})
    assert message in str(error.value)
