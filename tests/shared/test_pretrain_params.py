"""A model section that takes its sizes from a pretraining YAML."""

import pytest
import yaml

from shared import config
from shared.errors import UserError

SIZES = {"hidden_size": 8, "num_heads": 2, "num_hidden_layers": 1, "filter_size": 16}


@pytest.fixture
def load(tmp_path):
    """Writes <tmp>/program/configs/own.yaml with a model section, and loads it."""

    def run(log=pytest.fail, **model):
        content = {
            "train_input": {"batch_size": 8},
            "model": model,
            "optimizer": {"learning_rate": 0.1},
        }
        return config.load(write(tmp_path / "program" / "configs" / "own.yaml", content), log)

    return run


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return str(path)


def error_of(load, **model):
    with pytest.raises(UserError) as error:
        load(**model)
    return str(error.value)


@pytest.mark.parametrize("folder", ["program/configs", "program"])
def test_the_path_is_relative_to_the_yaml_or_to_the_program(load, tmp_path, folder):
    write(tmp_path / folder / "base.yaml", {"model": SIZES})
    assert load(pretrain_params_path="base.yaml").model == config.ModelConfig(**SIZES)


def test_an_absolute_path(load, tmp_path):
    base = write(tmp_path / "base.yaml", {"model": SIZES})
    assert load(pretrain_params_path=base).model == config.ModelConfig(**SIZES)
    message = error_of(load, pretrain_params_path=base + "x")
    assert f"model.pretrain_params_path: found neither {base}x; put" in message


def test_the_own_keys_win_and_vsl_is_left_behind(load, tmp_path):
    base = {**SIZES, "use_vsl": True, "dropout_rate": 0.5, "cls_dropout_rate": 0.5}
    path = write(tmp_path / "base.yaml", {"model": base, "optimizer": "of the pretraining"})
    found = load(pretrain_params_path=path, hidden_size=4, cls_dropout_rate=None).model
    expected = config.ModelConfig(**{**SIZES, "hidden_size": 4}, dropout_rate=0.5)
    assert found == expected  # null is the default, not what the base has


def test_a_path_of_null_inherits_nothing(load):
    assert load(pretrain_params_path=None, **SIZES).model == config.ModelConfig(**SIZES)


def test_vsl_of_ones_own_is_refused(load, tmp_path):
    path = write(tmp_path / "base.yaml", {"model": SIZES})
    message = error_of(load, pretrain_params_path=path, use_vsl=True)
    assert "model.use_vsl: only false is supported" in message


def test_a_dump_states_the_inherited_model(load, tmp_path):
    loaded = load(pretrain_params_path=write(tmp_path / "base.yaml", {"model": SIZES}))
    again = write(tmp_path / "elsewhere" / "params.yaml", config.dump(loaded))
    (tmp_path / "base.yaml").unlink()
    assert config.load(again, pytest.fail) == loaded


def test_an_error_and_a_remark_name_the_inherited_file(load, tmp_path):
    base = {**SIZES, "hidden_size": 0, "tf_summary": True}
    path, lines = write(tmp_path / "base.yaml", {"model": base}), []
    with pytest.raises(UserError) as error:
        load(lines.append, pretrain_params_path=path, num_heads=0)
    own = tmp_path / "program" / "configs" / "own.yaml"
    assert str(error.value).splitlines() == [
        f"{own} (model inherits from {path}):",
        "  model.num_heads: expected a whole number of at least 1, found 0",
        f"  model.hidden_size: expected a whole number of at least 1, found 0 (in {path})",
    ]
    assert lines == [f"{path}: model.tf_summary has no effect: summaries are always written"]


def test_a_file_in_neither_place(load, tmp_path):
    message = error_of(load, pretrain_params_path="../base.yaml", pretrain_parms_path=1)
    assert message.splitlines()[1:] == [
        f"  model.pretrain_params_path: found neither {tmp_path / 'program' / 'base.yaml'} nor "
        f"{tmp_path / 'base.yaml'}; put the pretraining YAML there, give another path, or write "
        "the model's sizes into this section instead"
    ]


@pytest.mark.parametrize(
    "content, message",
    [
        ([1], "base.yaml: expected the section model, found [1]"),
        ({"optimizer": {}}, "base.yaml: expected a section `model` with keys, found None"),
        ({"model": {"pretrain_params_path": "a"}}, "base.yaml itself has pretrain_params_path"),
        ({"model": {}}, "model.hidden_size: missing"),
    ],
)
def test_a_file_that_is_no_pretraining_yaml(load, tmp_path, content, message):
    path = write(tmp_path / "base.yaml", content)
    assert message in error_of(load, pretrain_params_path=path)


def test_a_path_that_is_no_text_and_a_misspelt_key(load):
    message = error_of(load, pretrain_params_path=5)
    assert "model.pretrain_params_path: expected text, found 5" in message
    message = error_of(load, pretrain_parms_path="a", **SIZES)
    assert "did you mean 'pretrain_params_path'" in message
