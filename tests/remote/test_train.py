"""Training, scoring and answers with data and model folder in a store."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from inference import classify
from inference.export import __main__ as export
from inference.report import __main__ as report
from shared.errors import UserError
from shared.remote import cache, lease, mirror, store
from tests.inputs import ROOT
from tests.remote.conftest import on_each_store, on_each_store_if_long
from tests.remote_files import contents, upload
from tests.train import runs
from train import run, tf_config
from train.checkpoints import files

TINY = "configs/params_bert_tiny.yaml"
SIX_STEPS = {"runconfig": {"max_steps": 6}}


@pytest.fixture
def data_url(bucket, demo_data):
    return upload(demo_data, f"{bucket}/sst2/msl32")


def given(mode, model, data, *more):
    return ["--mode", mode, "--backend", "cpu", "--model_dir", model, "--data_dir", data, *more]


def copy_of(url):
    """The folder of the only copy of a model in the cache."""
    return Path(cache.root(), f"{cache.name_of(url)}-1")


def without_times(folder):
    """The files of a model folder that do not tell times or places, {path: bytes}."""
    names = {"checkpoint", "eval_validation.json", "vocab.txt"}
    found = {name: data for name, data in contents(folder).items() if name in names}
    found.update({n: d for n, d in contents(folder).items() if n.startswith("model.ckpt")})
    return found


@on_each_store_if_long
def test_a_training_goes_on_on_another_machine_to_the_same_weights(
    data_url, bucket, demo_data, trained_once, as_elsewhere, tmp_path, capsys
):
    model, params = f"{bucket}/runs/m", tmp_path / "params.yaml"
    local = Path(shutil.copytree(trained_once, tmp_path / "m"))
    runs.run_main("train", model, params, data_url, changes=SIX_STEPS)
    assert {"checkpoint", "model.ckpt-6.index", "params.yaml", "vocab.txt"} <= {
        *store.listed(model)
    }
    as_elsewhere()
    runs.run_main("train", model, params, data_url)
    assert f"resuming from {copy_of(model)}/model.ckpt-6" in capsys.readouterr().out
    assert not store.exists(f"{model}/.training.lock")
    as_elsewhere()
    run.main(given("eval", model, data_url))
    run.main(given("eval", str(local), str(demo_data)))
    runs.assert_same_weights(runs.weights(copy_of(model)), runs.weights(local))
    as_elsewhere()
    with mirror.at(model) as copy:  # all of it is in the store
        assert without_times(copy) == without_times(local)
        assert f"data_dir: {data_url}" in Path(copy, "params.yaml").read_text()


@pytest.fixture
def model_url(bucket, trained_once):
    return upload(trained_once, f"{bucket}/runs/m")


@on_each_store_if_long
def test_a_model_is_used_from_a_store(model_url, data_url, trained_once, tmp_path, capsys):
    capsys.readouterr()
    classify.main(["--model_dir", model_url, "--text", "a charming film"])
    answer = capsys.readouterr().out
    classify.main(["--model_dir", str(trained_once), "--text", "a charming film"])
    assert answer == capsys.readouterr().out
    before = store.listed(model_url)
    to = str(tmp_path / "m.hf")
    export.main(["--model_dir", model_url, "--to", to, "--format", "huggingface"])
    assert store.listed(model_url) == before
    report.main(["--model_dir", model_url, "--data_dir", data_url])
    made = json.loads(store.read(f"{model_url}/report.json"))
    assert made["data"]["dataset"] == data_url
    assert store.exists(f"{model_url}/report.html")


def test_a_model_that_is_not_there_is_named_by_its_url(bucket, data_url):
    for call in (
        lambda: classify.main(["--model_dir", f"{bucket}/m", "--text", "a charming film"]),
        lambda: run.main(given("eval", f"{bucket}/m", data_url, "--params", TINY)),
    ):
        with pytest.raises(UserError, match=f"^{bucket}/m has no trained model"):
            call()


def test_what_a_training_removes_goes_from_the_store_last(bucket, noted_changes):
    names = [f"model.ckpt-{step}{end}" for step in (1, 2) for end in (".data-0", ".index")]
    with mirror.at(bucket) as folder:
        for name in ("checkpoint", "params.yaml", *names[:2]):
            Path(folder, name).write_text("1")
        mirror.changed(folder)
        for name in names[2:]:
            Path(folder, name).write_text("2")
        for name in names[:2]:
            Path(folder, name).unlink()
        Path(folder, "checkpoint").write_text("two")
    order = ["model.ckpt-1.data-0", "params.yaml", "model.ckpt-1.index", "checkpoint"]
    order += ["model.ckpt-2.data-0", "model.ckpt-2.index", "checkpoint"]
    order += ["model.ckpt-1.index", "model.ckpt-1.data-0"]
    assert [url.rsplit("/", 1)[1] for _, url in noted_changes] == order
    assert store.read(f"{bucket}/checkpoint") == b"two"


def test_a_second_training_is_kept_out_and_a_model_can_be_used_meanwhile(
    model_url, data_url, trained_once, tmp_path, capsys
):
    with lease.held(f"{model_url}/.training.lock", "another training", "MODEL_DIR"):
        with pytest.raises(UserError, match=r"another training \(.* choose another MODEL_DIR"):
            runs.run_main("train", model_url, tmp_path / "p.yaml", data_url)
        with mirror.at(model_url) as first, mirror.at(model_url) as second:
            assert first != second
            assert without_times(first) == without_times(second) == without_times(trained_once)


def test_what_a_run_cannot_store_the_next_one_does(bucket, server, capsys):
    with mirror.at(bucket) as folder:
        Path(folder, "a").write_text("1")
    with (
        pytest.raises(UserError, match="cannot write .*/a: .*gave up"),
        mirror.at(bucket) as folder,
    ):
        Path(folder, "a").write_text("2")
        server.kill()
    server.start()
    assert store.read(f"{bucket}/a") == b"1"
    capsys.readouterr()
    with mirror.at(bucket) as folder:
        assert Path(folder, "a").read_text() == "2"
    told = capsys.readouterr().err
    said = f"{bucket}: storing what an earlier run could not, from {folder}\n"
    assert told == f"{said}{bucket}: 1 files stored\n"
    assert store.read(f"{bucket}/a") == b"2"


def test_what_another_machine_has_stored_since_comes_first(bucket, server, capsys):
    with pytest.raises(UserError), mirror.at(bucket) as folder:
        Path(folder, "a").write_text("1")
        server.kill()
    server.start()
    with mirror.at(bucket, writes=False) as reader:  # has a copy of its own
        assert reader != folder and not Path(reader, "a").exists()
    store.put_bytes(b"another", f"{bucket}/a")
    with mirror.at(bucket) as folder:
        assert Path(folder, "a").read_text() == "another"
    assert f"{bucket}: others have written there since" in capsys.readouterr().err


def test_a_training_whose_place_another_one_has_taken_ends(bucket, capsys):
    with (
        pytest.raises(UserError, match="training.lock is no longer of this run, .* another train"),
        mirror.at(bucket, trains=True) as folder,
    ):
        store.put_bytes(b'{"id": "another"}', f"{bucket}/.training.lock")
        Path(folder, "a").write_text("1")
        mirror.changed(folder)
        raise AssertionError("it goes on")
    assert "goes on" not in capsys.readouterr().err
    assert list(store.listed(bucket)) == [".training.lock"]


@pytest.mark.long
def test_a_training_outlives_the_store(
    data_url, bucket, server, trained_once, tmp_path, monkeypatch, capsys
):
    model, params, save, saves = f"{bucket}/runs/m", tmp_path / "params.yaml", files.rotate, []

    def killed(*arguments):
        save(*arguments)
        server.kill() if not saves else server.start()
        saves.append(arguments)

    monkeypatch.setattr(files, "rotate", killed)
    runs.run_main("train", model, params, data_url)
    told = capsys.readouterr().err
    assert told.count("The run goes on; this is tried again later.") == 1
    with mirror.at(model) as copy:
        assert without_times(copy) == without_times(trained_once)


@pytest.mark.long
@on_each_store
def test_a_training_that_is_killed_goes_on_elsewhere(
    data_url, bucket, demo_data, as_elsewhere, tmp_path
):
    model, params = f"{bucket}/runs/m", tmp_path / "params.yaml"
    sixty_steps = {"runconfig": {"max_steps": 60}}
    runs.run_main("train", tmp_path / "m", params, demo_data, changes=sixty_steps)
    command = [sys.executable, "-m", "train.run", *given("train", model, data_url)]
    killed = subprocess.Popen([*command, "--params", str(params)], cwd=ROOT)
    while not store.exists(f"{model}/checkpoint"):
        assert killed.poll() is None
        time.sleep(0.1)
    killed.kill()
    killed.wait()
    assert store.exists(f"{model}/.training.lock")
    assert not store.exists(f"{model}/model.ckpt-60.index")
    as_elsewhere()
    runs.run_main("train", model, params, data_url, changes=sixty_steps)
    runs.assert_same_weights(runs.weights(copy_of(model)), runs.weights(tmp_path / "m"))


def test_of_several_workers_the_first_one_stores(monkeypatch):
    assert tf_config.is_first_worker()
    for index in (0, 1):
        cluster = {"cluster": {"worker": ["a:1", "b:1"]}, "task": {"index": index}}
        monkeypatch.setenv("TF_CONFIG", json.dumps(cluster))
        assert tf_config.is_first_worker() == (index == 0)


def test_wse_refuses_a_store(tmp_path):
    place = "s3://tests/m"
    for options in (given("train", place, "d"), given("train", "m", place)):
        options[options.index("cpu")] = "wse"
        with pytest.raises(UserError, match=f"is {place}: --backend wse .*copy it to a folder"):
            run.main(options)
