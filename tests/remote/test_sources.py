"""Own files, TFDS' data, vocabularies and checkpoints that are read from a store."""

import os
from pathlib import Path

import pytest
import yaml

from preprocess import run
from preprocess.sources import tfds_download, user_paths
from shared import tasks, vocab
from shared.errors import UserError
from shared.remote import cache, sources, store
from tests.inputs import data_arguments
from tests.remote_files import contents, upload
from tests.train import runs
from train import run as train
from train.planning import make_plan
from train.pretrained import read


def test_the_same_dataset_from_tfds_in_a_store(bucket, demo_input, demo_data, tmp_path):
    upload(demo_input / "tfds", f"{bucket}/tfds")
    store.put_bytes(b"{}", f"{bucket}/tfds/glue/sst2/10.0.0.incomplete5/dataset_info.json")
    store.put_bytes((demo_input / "vocab.txt").read_bytes(), f"{bucket}/vocab.txt")
    given = data_arguments(demo_input, tmp_path)
    given[given.index("--tfds_data_dir") + 1] = f"{bucket}/tfds"
    given[given.index("--vocab_file") + 1] = f"{bucket}/vocab.txt"
    run.main(given)
    assert contents(tmp_path / "sst2" / "msl32") == contents(demo_data)


def test_tfds_prepares_nothing_in_a_store(bucket):
    with pytest.raises(UserError, match=f"{bucket}/glue/rte: TFDS has prepared nothing there"):
        tfds_download.ensure_prepared(tasks.get("rte"), bucket)


def own_files(place, tmp_path, name, demo_input):
    """The dataset of two training files and one to validate on, which are at a place."""
    given = ["--task", "own", "--text", "text", "--label", "label", "--max_sequence_length", "8"]
    given += ["--data", f"train={place}/new/*.csv,validation={place}/dev.csv"]
    given += ["--vocab_file", str(demo_input / "vocab.txt"), "--data_dir", str(tmp_path / name)]
    run.main(given)
    return contents(tmp_path / name / "own" / "msl8")


def test_the_same_dataset_from_own_files_in_a_store(bucket, demo_input, tmp_path):
    rows = ["text,label\nthe film is funny,a\nthe plot,b\n", "text,label\na scene,a\na cast,b\n"]
    (tmp_path / "files" / "new").mkdir(parents=True)
    for name, text in zip(("new/1.csv", "new/2.csv", "dev.csv"), (*rows, rows[0]), strict=True):
        (tmp_path / "files" / name).write_text(text)
    url = upload(tmp_path / "files", f"{bucket}/files")
    found = own_files(url, tmp_path, "from-store", demo_input)
    assert found == own_files(tmp_path / "files", tmp_path, "from-folder", demo_input)


def test_files_of_a_store_that_are_missing(bucket):
    with pytest.raises(UserError, match=f"DATA: no file matches {bucket}/.*.csv"):
        user_paths.found("train", f"{bucket}/*.csv", "DATA")
    with pytest.raises(UserError, match=f"{bucket}/a.csv does not exist: no object has this name"):
        user_paths.found("train", f"{bucket}/a.csv", "DATA")


def test_a_copy_is_made_anew_when_the_object_changes(bucket):
    store.put_bytes(b"1", f"{bucket}/a")
    first = sources.file(f"{bucket}/a")
    assert sources.file(f"{bucket}/a") == first and sources.named(first) == f"{bucket}/a"
    store.put_bytes(b"2", f"{bucket}/a")
    assert Path(sources.file(f"{bucket}/a")).read_bytes() == b"2"
    assert Path(first).read_bytes() == b"1"


def test_a_vocabulary_comes_with_what_says_its_case_and_without_weights(bucket, demo_data):
    store.put_bytes(bytes(1000), f"{bucket}/bert/model.safetensors")
    for name in ("vocab.txt", "tokenizer_config.json"):
        store.put(str(demo_data / name), f"{bucket}/bert/{name}")
    expected = vocab.read(str(demo_data))
    for path in (f"{bucket}/bert", f"{bucket}/bert/vocab.txt"):
        found = vocab.read(path)
        assert found.pieces == expected.pieces and found.case_reason.endswith(
            expected.case_reason.rsplit("/", 1)[-1]
        )
    assert vocab.read(f"{bucket}/bert").name == "bert"
    assert not list(Path(cache.root()).rglob("*.safetensors"))
    with pytest.raises(UserError, match=f"{bucket}/none does not exist"):
        vocab.read(f"{bucket}/none")


def test_a_training_begins_with_a_checkpoint_of_a_store(
    bucket, demo_data, trained_once, tmp_path, capsys
):
    url = upload(trained_once, f"{bucket}/m") + "/model.ckpt-6"
    found = read.read(url)
    assert sorted(os.listdir(os.path.dirname(found.path))) == [
        "model.ckpt-6.data-00000-of-00001",
        "model.ckpt-6.index",
    ]
    assert read.read(f"{url}.index").path == found.path
    assert read.read(f"{bucket}/m").path.endswith("/model.ckpt-12")
    params = tmp_path / "params.yaml"
    params.write_text(yaml.safe_dump(runs.configuration()))
    given = runs.arguments("train", tmp_path / "new", params, demo_data, "--checkpoint_path", url)
    assert make_plan.make(train.parse(given)).origin == url
    assert f"variables from {url} (" in capsys.readouterr().out
    with pytest.raises(UserError, match=f"{bucket}/none does not exist"):
        read.read(f"{bucket}/none")
