"""A checkpoint is found by any path that people give; what is none is told as what it is."""

import pytest

from shared import vocab
from shared.errors import UserError
from tests.inputs import GOLDEN
from tests.train.tf_files import save_tf
from train import convert
from train.pretrained import paths
from train.pretrained.read import read

HF = GOLDEN / "hf"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "4d" * 32 + "\nsize 4404\n"


def test_paths_without_a_checkpoint(tmp_path, copy_of):
    with pytest.raises(UserError, match="no such folder, and no file of that name plus .index"):
        read(str(tmp_path / "bert-base-uncased"))
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UserError, match="has no checkpoint; its files are: notes.txt. Expected"):
        read(str(tmp_path))
    save_tf(tmp_path / "resnet.ckpt", {"conv1/kernel": [1.0], "conv2/kernel": [1.0]})
    with pytest.raises(
        UserError, match="is not a BERT of .*first variables are\n  conv1/kernel\n  conv2/"
    ):
        read(str(tmp_path))
    folder = copy_of(HF / "pretrained")
    save_tf(folder / "bert_model.ckpt", {"a/b": [1.0]})
    with pytest.raises(UserError, match="holds Hugging Face checkpoint files and .*bert_model"):
        read(str(folder))


def test_pickled_weights_are_never_read(copy_of):
    folder = copy_of(HF / "pretrained")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(UserError) as error:
        read(str(folder))
    assert "has its weights only as pytorch_model.bin: a pickle" in str(error.value)
    assert f"glob.glob('{folder}/pytorch_model*.bin')" in str(error.value)
    assert "weights_only=True" in str(error.value)


@pytest.mark.parametrize(
    "ending", ["", ".index", ".data-00000-of-00001", ".meta", ".mdl"], ids=lambda text: text or "-"
)
def test_a_name_of_one_of_tensorflow_s_files(copy_of, ending):
    prefix = copy_of(HF / "google_tf1") / "bert_model.ckpt"
    prefix.with_name(prefix.name + ".meta").touch()
    assert paths.resolved(f"{prefix}{ending}") == str(prefix)


@pytest.mark.parametrize("name", ["model.safetensors", "model-00001-of-00002.safetensors",
                                  "model.safetensors.index.json", "checkpoint"])  # fmt: skip
def test_a_name_of_a_file_that_stands_for_its_folder(tmp_path, monkeypatch, name):
    (tmp_path / name).touch()
    assert paths.resolved(str(tmp_path / name)) == str(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert paths.resolved(name) == "."


def test_home(copy_of, tmp_path, monkeypatch):
    copy_of(HF / "pretrained")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read("~/pretrained").path == str(tmp_path / "pretrained")
    convert.main(["~/pretrained/model.safetensors", "~/zoo"])
    assert (tmp_path / "zoo" / "params.yaml").exists()


@pytest.mark.parametrize("name", ["model.fp16.safetensors", "checkpoint_1000.mdl", "model.onnx"])
def test_a_file_that_is_not_read_is_told_as_one(tmp_path, name):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(UserError, match=f"{name} is no file of a checkpoint that is read here. Ex"):
        read(str(tmp_path / name))


def test_the_path_of_a_pickle_gives_the_advice_of_its_folder(tmp_path):
    (tmp_path / "pytorch_model.bin").touch()
    with pytest.raises(UserError, match=f"{tmp_path} has its weights only as pytorch_model.bin: a"):
        read(str(tmp_path / "pytorch_model.bin"))


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer_config.json"])
def test_a_pointer_of_git_lfs_is_told_as_that(copy_of, name):
    folder = copy_of(HF / "pretrained")
    (folder / name).write_text(POINTER)
    with pytest.raises(UserError, match=f"{name} is only a git-LFS pointer .* `git lfs pull`"):
        read(str(folder))


@pytest.mark.parametrize("ending", ["index", "data-00000-of-00001"])
def test_a_pointer_in_a_tensorflow_checkpoint(copy_of, ending):
    folder = copy_of(HF / "google_tf1")
    (folder / f"bert_model.ckpt.{ending}").write_text(POINTER)
    with pytest.raises(UserError, match=f"ckpt.{ending} is only a git-LFS pointer"):
        read(str(folder))


def test_a_pointer_in_place_of_a_vocabulary(copy_of, tmp_path):
    folder = copy_of(HF / "pretrained")
    (folder / "vocab.txt").write_text(POINTER)
    for use in (lambda: vocab.read(str(folder / "vocab.txt")),
                lambda: convert.main([str(folder), str(tmp_path / "zoo")])):  # fmt: skip
        with pytest.raises(UserError, match="vocab.txt is only a git-LFS pointer"):
            use()


def test_other_pointers_in_the_folder_do_no_harm(copy_of):
    folder = copy_of(HF / "pretrained")
    (folder / "pytorch_model.bin").write_text(POINTER)
    assert len(read(str(folder)).weights) == 46
