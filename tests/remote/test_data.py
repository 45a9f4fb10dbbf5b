"""make data, verify, inspect and `shared.where` with a dataset in a store."""

import json
import os
import subprocess
import sys
import threading

import pytest

from preprocess import inspect_dataset, run, verify
from preprocess.output.remote_dataset import RemoteDataset
from shared import where
from shared.errors import FaultsFound, UserError
from shared.remote import attempts, cache, store
from tests.inputs import data_arguments
from tests.remote.conftest import on_each_store, on_small_disk
from tests.remote_files import contents, stored, upload

TRAIN = "train/train-00000-of-00001.tfrecord"


@pytest.fixture
def make_data(bucket, demo_input):
    """A function that runs preprocess.run into the bucket and returns the dataset's URL."""

    def make(*more):
        run.main(data_arguments(demo_input, f"{bucket}/data", *more))
        return f"{bucket}/data/sst2/msl32"

    return make


def no_work_is_left(bucket):
    """No lock, no mark, and no folder of this machine."""
    beside = [name for name in store.listed(bucket) if "/." in name]
    return beside == [] and not [name for name in os.listdir(cache.root()) if "incomplete" in name]


@on_each_store
def test_the_bytes_are_those_of_the_local_run(make_data, bucket, demo_data, noted_changes, capsys):
    url = make_data()
    assert stored(url) == contents(demo_data)
    assert no_work_is_left(bucket)
    assert "train 1/1 shards, validation 1/1 shards, test 1/1 shards" in capsys.readouterr().out
    make_data()
    assert capsys.readouterr().out == f"{url} is up to date\n"
    noted_changes.clear()
    make_data("--overwrite", "--num_shards", "3")
    names = [(verb, url.rsplit("/", 1)[1]) for verb, url in noted_changes]
    shards = [n for n, (verb, name) in enumerate(names) if name.endswith("-of-00003.tfrecord")]
    assert names.index(("remove", "manifest.json")) < min(shards) and len(shards) == 9
    assert names[-3:-1] == [("put", "manifest.json"), ("remove", ".incomplete")]
    assert len(stored(url)) == len(contents(demo_data)) + 6
    assert no_work_is_left(bucket)
    with pytest.raises(UserError, match=f"{url} exists and is another dataset:\n  shards of test"):
        make_data()
    store.remove([f"{url}/train/train-00001-of-00003.tfrecord"])
    with pytest.raises(UserError, match=f"damaged:\n  {url}/train/train-00001-.*: is missing"):
        make_data("--num_shards", "3")


@on_each_store
def test_what_a_killed_run_left_is_named_and_removed(make_data, bucket, demo_data, capsys):
    url = f"{bucket}/data/sst2/msl32"
    store.put_bytes(b"", f"{url}/.incomplete")
    store.put_bytes(b"half", f"{url}/train/train-00000-of-00009.tfrecord")
    os.makedirs(os.path.join(cache.root(), f"{cache.name_of(url)}.incomplete-0af1"))
    make_data()
    assert stored(url) == contents(demo_data)
    assert no_work_is_left(bucket)
    said = "removed 1 objects of a run that did not end: train/train-00000-of-00009.tfrecord"
    assert f"{url}: {said}" in capsys.readouterr().err


@pytest.mark.parametrize("moment", ["make_way", "_commit"])
def test_who_was_asleep_leaves_what_another_run_writes_there(
    make_data, bucket, monkeypatch, moment
):
    url, step = make_data(), getattr(RemoteDataset, moment)
    others = {".incomplete": b"", "train/train-00000-of-00009.tfrecord": b"half"}

    def after_a_long_sleep(dataset):
        store.remove(f"{url}/{name}" for name in store.listed(url))
        store.put_bytes(b'{"id": "another"}', f"{bucket}/data/sst2/.msl32.lock")
        for name, content in others.items():
            store.put_bytes(content, f"{url}/{name}")
        step(dataset)

    monkeypatch.setattr(RemoteDataset, moment, after_a_long_sleep)
    with pytest.raises(UserError, match="msl32.lock is no longer of this run"):
        make_data("--overwrite")
    assert stored(url) == others


def test_a_run_that_was_killed_when_all_was_done_is_complete(make_data, demo_data, capsys):
    url = make_data()
    store.put_bytes(b"", f"{url}/.incomplete")
    make_data()
    assert "is up to date" in capsys.readouterr().out
    assert stored(url) == contents(demo_data)


def test_objects_of_others_are_left_untouched(make_data, bucket):
    store.put_bytes(b"mine", f"{bucket}/data/sst2/msl32/notes.txt")
    with pytest.raises(UserError, match="has objects but no manifest.json, so it is not a dataset"):
        make_data("--overwrite")
    assert store.read(f"{bucket}/data/sst2/msl32/notes.txt") == b"mine"


def test_a_mistake_in_the_rows_leaves_the_old_dataset(bucket, tmp_path, demo_input):
    def make(text, *more):
        (tmp_path / "train.csv").write_text(text)
        given = ["--task", "own", "--data", f"train={tmp_path}/train.csv", "--text", "text"]
        given += ["--label", "label", "--data_dir", f"{bucket}/data", "--max_sequence_length", "8"]
        run.main([*given, "--vocab_file", str(demo_input / "vocab.txt"), *more])

    make("text,label\nthe film,a\nthe plot,b\n")
    before = stored(f"{bucket}/data/own/msl8")
    assert {"manifest.json", "train/rows.npy", "vocab.txt"} <= set(before)
    with pytest.raises(UserError, match="train.csv line 4"):
        make('text,label\nthe film,a\nthe plot,b,c\n"', "--overwrite")
    assert stored(f"{bucket}/data/own/msl8") == before


def test_a_full_disk_of_a_worker_leaves_nothing(make_data, bucket, little_room):
    with little_room(500_000), pytest.raises(UserError, match="File too large"):
        make_data()
    assert store.listed(bucket) == {}


@on_small_disk
def test_a_full_disk_of_the_store_leaves_nothing(make_data, bucket, small_disk, demo_data):
    about = os.statvfs(small_disk)
    others = small_disk / "others"
    others.write_bytes(bytes(about.f_bavail * about.f_frsize - 500_000))
    told = rf"^cannot write {bucket}/.*; gave up after 3 tries. Check .* the room on its disk"
    with pytest.raises(UserError, match=told):
        make_data()
    others.unlink()
    assert store.listed(bucket) == {}
    assert stored(make_data()) == contents(demo_data)


def test_keys_that_may_only_read_write_nothing(make_data, bucket, with_keys):
    with_keys("a-key-that-reads", "a-secret-that-reads")
    with pytest.raises(UserError, match="Access Denied. Check the credentials"):
        make_data()


@on_each_store
def test_verify_names_faults_by_their_url(bucket, demo_data, capsys):
    url = upload(demo_data, f"{bucket}/d")
    verify.main([url])
    assert capsys.readouterr().out.endswith(f"{url}: 5,000 records, no fault\n")
    store.put_bytes(bytes(10), f"{url}/{TRAIN}")
    store.put_bytes(b"?", f"{url}/stray")
    with pytest.raises(FaultsFound, match=f"^{url}: 3 faults"):
        verify.main([url])
    told = capsys.readouterr().out
    assert f"{url}/stray: is not in the manifest\n" in told
    assert f"{url}/{TRAIN}: has 10 bytes, the manifest says 768,000\n" in told
    assert str(cache.root()) not in told
    assert [name for name in os.listdir(cache.root()) if "verify" in name] == []


def test_inspect_shows_it_and_stores_its_page(bucket, demo_data, capsys):
    url = upload(demo_data, f"{bucket}/d")
    inspect_dataset.main([url, "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["dataset"] == url and found["splits"]["train"]["examples"] == 4000
    inspect_dataset.main([url, "--html"])
    assert f"page: {url}/inspect.html" in capsys.readouterr().out
    assert url.encode() in store.read(f"{url}/inspect.html")


@on_each_store
def test_where_knows_the_lengths_of_a_store(bucket, capsysbinary):
    for name in ("sst2/msl40", "own/msl8", "own/msl16"):
        store.put_bytes(b"{}", f"{bucket}/{name}/manifest.json")
    for arguments, expected in ((["sst2"], "sst2/msl40"), (["own", "8"], "own/msl8")):
        where.main(bucket, *arguments)
        assert capsysbinary.readouterr().out.decode() == f"{bucket}/{expected}\n"
    with pytest.raises(UserError, match="unknown task 'owm': did you mean 'own'"):
        where.main(bucket, "owm")


def test_glue_files_need_a_folder_for_what_tfds_prepares(bucket, demo_input):
    given = ["--task", "sst2", "--glue_dir", str(demo_input / "glue"), "--data_dir", bucket]
    with pytest.raises(UserError, match="say in which folder TFDS may prepare .*TFDS_DATA_DIR"):
        run.main([*given, "--vocab_file", str(demo_input / "vocab.txt")])


def test_local_paths_import_no_library_of_a_store(demo_data):
    program = (
        "import sys; from preprocess import run; from train import run; from inference import "
        "classify; from shared.remote import datasets; datasets.local(sys.argv[1]); "
        "print({'fsspec', 's3fs', 'botocore', 'aiohttp'} & {*sys.modules})"
    )
    command = [sys.executable, "-c", program, str(demo_data)]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "set()\n"


@pytest.mark.long
def test_a_server_that_is_killed_and_comes_back_in_mid_run(
    make_data, server, demo_data, monkeypatch, capsys
):
    monkeypatch.setattr(attempts, "WAITS", (1.0,) * 60)
    put, back, first = store.put, threading.Timer(2.0, server.start), threading.Lock()

    def put_once_it_is_down(local, url):
        if first.acquire(blocking=False):
            server.kill()
            back.start()
        put(local, url)

    monkeypatch.setattr(store, "put", put_once_it_is_down)
    url = make_data()
    back.join()
    assert stored(url) == contents(demo_data)
    assert "try 2 of 61 in 1.0 s" in capsys.readouterr().err
