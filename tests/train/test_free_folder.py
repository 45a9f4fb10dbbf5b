"""A new training replaces no files that no training of ours wrote."""

import pytest
import yaml

from shared.errors import UserError
from shared.manifest_file import read_manifest
from tests.inputs import GOLDEN
from tests.modelzoo_params import saved
from tests.train import runs
from train.checkpoints import files, model_dir
from train.planning import free_folder


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def refused(train, folder, message, *more):
    before = contents(folder)
    with pytest.raises(UserError, match=message):
        train("train", folder, *more)
    assert contents(folder) == before


def test_the_folder_of_the_checkpoint(train, tmp_path, trained, copy_of):
    folder, message = copy_of(GOLDEN / "hf" / "pretrained"), "the folder of the checkpoint to start"
    refused(train, folder, message, "--checkpoint_path", folder / "model.safetensors")
    refused(train, folder, message, "--checkpoint_path", tmp_path / "." / "pretrained")
    for ending in (".index", ".data-00000-of-00001"):
        (trained / f"model.ckpt-12{ending}").rename(trained / f"mine{ending}")
        (trained / f"model.ckpt-6{ending}").unlink()
    refused(train, trained, message, "--checkpoint_path", trained / "mine")


@pytest.mark.parametrize(
    "name",
    ["config.json", "tokenizer_config.json", "vocab.txt", "a.safetensors", "bert_model.ckpt.meta",
     "pytorch_model.bin", "manifest.json", "msl72"],
)  # fmt: skip
def test_a_folder_of_others(train, tmp_path, name):
    folder = tmp_path / "m"
    folder.mkdir()
    for file in (name, "notes.md"):
        (folder / file).write_text("theirs")
    message = f"m holds {name}, which no training of ours wrote and .*; choose another MODEL_DIR"
    refused(train, folder, message)


def test_a_params_yaml_of_others(train, tmp_path):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "params.yaml").write_text("mine: 1")
    refused(train, tmp_path / "m", "params.yaml: .* It was not written by `make train`")


def test_what_a_training_killed_before_its_first_checkpoint_left(train, trained):
    for path in trained.glob("model.ckpt*"):
        path.unlink()
    (trained / "model.ckpt-6.data-00000-of-00001").write_text("half")
    train("train", trained, "--max_steps", 1)
    assert files.steps(str(trained)) == [1]


def test_what_the_model_zoo_left_before_its_first_checkpoint(train, tmp_path):
    (tmp_path / "m").mkdir()
    content = saved(32, runs.configuration({"runconfig": {"tf_random_seed": None}}))
    (tmp_path / "m" / "params.yaml").write_text(yaml.safe_dump(content))
    (tmp_path / "m" / "vocab.txt").write_text("theirs")
    train("train", tmp_path / "m", "--max_steps", 1)


def test_a_folder_with_logs_and_results(train, tmp_path, trained):
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "slurm-17.log").write_text("")
    train("eval", folder, "--checkpoint_path", trained)
    train("train", folder, "--max_steps", 1)
    assert files.steps(str(folder)) == [1]


def test_a_kill_between_the_first_files_does_not_close_the_folder(tmp_path, demo_data, tiny):
    (tmp_path / "vocab.txt").mkdir()  # so that it cannot be written
    params, data = tiny(train_input={"data_dir": str(demo_data)}), read_manifest(str(demo_data))
    with pytest.raises(UserError, match="cannot write .*vocab.txt"):
        model_dir.write_params(str(tmp_path), params, data, "random weights", {})
    free_folder.check(str(tmp_path), None)
