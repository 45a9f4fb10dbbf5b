"""A model_dir that the Model Zoo's run.py has trained is used as one of ours."""

import json
import shutil

import numpy as np
import pytest
import yaml

from shared import config
from shared.errors import UserError
from tests.modelzoo_params import saved
from tests.train import runs
from tests.train.runs import assert_same_weights, weights
from tests.train.tf_files import load_tf
from train import run
from train.checkpoints import tensors
from train.pretrained.read import read


def settings(**changes):
    return runs.configuration({"runconfig": {"tf_random_seed": None}, **changes})


def save_params(folder, content):
    (folder / "params.yaml").write_text(yaml.safe_dump(content))


@pytest.fixture
def theirs(trained):
    """A model_dir with their params.yaml, and nothing that only ours has."""
    for file in trained.glob("*"):
        if not file.name.startswith(("model.ckpt", "checkpoint")):
            file.unlink()
    save_params(trained, saved(32, settings()))
    return trained


def use(mode, folder, data, *more):
    run.main(
        ["--mode", mode, "--model_dir", str(folder), "--data_dir", str(data), "--backend", "cpu",
         *map(str, more)]
    )  # fmt: skip


def test_their_saved_configuration_is_one_of_ours(tmp_path):
    path, said = tmp_path / "params.yaml", []
    path.write_text(yaml.safe_dump(saved(32, settings())))
    found = config.load(str(path), said.append)
    sizes = {name: getattr(found.model, name) for name in runs.SMALL["model"]}
    assert sizes == runs.SMALL["model"] and found.model.layer_norm_epsilon == 1e-5
    assert found.optimizer.epsilon == 1e-6 and found.runconfig.max_steps == 12
    (line,) = said
    assert line.endswith("was saved by the Model Zoo's run.py; 41 keys of it have no effect here")


def test_a_position_table_that_it_leaves_open_has_the_length_of_the_training(tmp_path):
    path, content = tmp_path / "params.yaml", saved(32, settings())
    content["model"]["max_position_embeddings"] = None
    path.write_text(yaml.safe_dump(content))
    assert config.load(str(path), lambda line: None).model.max_position_embeddings == 32


def test_another_embedding_size_stays_refused(tmp_path):
    path, content = tmp_path / "params.yaml", saved(32, settings())
    content["model"]["embedding_size"] = 16
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(UserError, match="embedding_size: refused: .* make it equal, or remove it"):
        config.load(str(path), lambda line: None)


def test_it_is_scored(theirs, trained_once, demo_data, tmp_path, capsys):
    ours = tmp_path / "ours"
    float32 = ("--set", "model.mixed_precision=false")  # as theirs; the recipe asks the processor
    use("eval", ours, demo_data, "--checkpoint_path", trained_once, *float32)
    capsys.readouterr()
    use("eval", theirs, demo_data)
    printed = capsys.readouterr().out
    assert (
        f"{theirs} is a training of the Model Zoo, begun from random weights: weights, optimizer "
        f"and step are taken over; it does not tell its data, so {demo_data} is taken to be that"
    ) in printed
    scores = [json.loads((of / "eval_validation.json").read_text()) for of in (theirs, ours)]
    assert scores[0]["step"] == 12 and scores[0]["accuracy"] == scores[1]["accuracy"]
    assert scores[0]["modelzoo"] == {"eval/accuracy_cls": scores[0]["accuracy"]}
    assert scores[0]["loss"] == pytest.approx(scores[1]["loss"], rel=1e-6)
    use("eval_all", theirs, demo_data)
    assert len(json.loads((theirs / "eval_all.json").read_text())) == 2
    use("predict", theirs, demo_data)
    assert len((theirs / "predict_test.jsonl").read_text().splitlines()) == 500


def test_it_goes_on_bit_for_bit(theirs, trained_once, train, demo_data, tmp_path, capsys):
    ours = shutil.copytree(trained_once, tmp_path / "ours")
    train("train", ours, "--max_steps", 14, config={"optimizer": {"epsilon": 1e-6}})
    use("train", theirs, demo_data, "--params", theirs / "params.yaml", "--max_steps", 14)
    assert_same_weights(weights(theirs, 14), weights(ours, 14))
    assert "settings changed" not in capsys.readouterr().out.split("resuming from")[-1]
    assert yaml.safe_load((theirs / "params.yaml").read_text())["data"]["task"] == "sst2"  # ours


def test_gradients_in_accumulation_are_left_out(theirs, demo_data, capsys):
    path = str(theirs / "model.ckpt-12")
    stored = load_tf(path)
    kernels = [name for name in stored if name.endswith("/kernel")]
    sums = {f"{name}_grad_accum_{k}": stored[name] for k, name in enumerate(kernels)}
    counters = {"accum_step_counter": np.int32(1), "hook/accumulated_loss": np.float32(2)}
    tensors.save(str(theirs), 12, {**stored, **sums, **counters}, keep=0)
    assert read(path).left_over == read(path).unused == ()
    content = saved(32, settings(optimizer={"grad_accum_steps": 2}))
    save_params(theirs, content)
    use("train", theirs, demo_data, "--params", theirs / "params.yaml", "--max_steps", 13)
    assert not [name for name in weights(theirs, 13) if "grad_accum" in name]


def test_other_data_are_refused(theirs, demo_data):
    content = saved(40, settings(train_input={"data_processor": "MnliDataProcessor"}))
    content["eval_input"]["data_processor"] = "MnliDataProcessor"
    save_params(theirs, content)
    own = theirs / "own.yaml"
    own.write_text(yaml.safe_dump(runs.configuration()))
    with pytest.raises(UserError) as error:
        use("eval", theirs, demo_data, "--params", own)
    message = str(error.value)
    assert "task" in message and "max_sequence_length" in message
    assert str(theirs / "params.yaml") in message
