"""Copies of datasets: checked, resumed, shared, and removed in the order of their last use."""

import os
from pathlib import Path

import pytest

from shared.errors import UserError
from shared.remote import cache, datasets, store
from tests.remote_files import contents, upload

TRAIN = "train/train-00000-of-00001.tfrecord"
TEST = "test/test-00000-of-00001.tfrecord"


@pytest.fixture
def data_url(bucket, demo_data):
    return upload(demo_data, f"{bucket}/sst2/msl32")


def as_a_second_run():
    datasets._staged.cache_clear()


def test_a_copy_has_the_same_bytes_and_is_made_once(data_url, demo_data, capsys):
    copy = datasets.local(data_url)
    assert contents(copy) == contents(demo_data)
    assert capsys.readouterr().err == f"{data_url}: 1.0 MB copied to {copy}\n"
    as_a_second_run()
    assert datasets.local(data_url) == copy
    assert capsys.readouterr().err == ""


def test_a_folder_stays_what_it_is(demo_data):
    assert datasets.local(str(demo_data)) == str(demo_data)


def test_what_has_no_manifest_is_no_dataset(data_url):
    store.remove([f"{data_url}/manifest.json"])
    with pytest.raises(
        UserError, match=f"{data_url} is not a complete dataset: .*manifest.json is"
    ):
        datasets.local(data_url)


def test_a_damaged_manifest_is_named_by_its_url(data_url):
    store.put_bytes(b"{", f"{data_url}/manifest.json")
    with pytest.raises(UserError, match=f"^{data_url}/manifest.json is not valid JSON"):
        datasets.local(data_url)


def test_a_missing_shard_is_named(data_url):
    store.remove([f"{data_url}/{TRAIN}"])
    with pytest.raises(UserError, match=f"^{data_url}/{TRAIN} is missing"):
        datasets.local(data_url)


def test_a_copy_goes_on_at_the_shard_where_it_ended(data_url, demo_data):
    store.put_bytes(bytes(768_000), f"{data_url}/{TRAIN}")
    with pytest.raises(UserError, match=f"^{data_url}/{TRAIN} has the sha256 .*make data"):
        datasets.local(data_url)
    (first,) = Path(cache.root()).glob(f"*/{TEST}")
    before = first.stat()
    assert not list(Path(cache.root()).glob(f"*/{TRAIN}*"))
    upload(demo_data, data_url)
    assert contents(datasets.local(data_url)) == contents(demo_data)
    assert (first.stat().st_ino, first.stat().st_mtime) == (before.st_ino, before.st_mtime)


def test_damage_to_what_a_cut_copy_left_is_repaired(data_url, demo_data):
    store.put_bytes(bytes(768_000), f"{data_url}/{TRAIN}")
    with pytest.raises(UserError, match="has the sha256"):
        datasets.local(data_url)
    (first,) = Path(cache.root()).glob(f"*/{TEST}")
    first.write_bytes(bytes(100_500))
    upload(demo_data, data_url)
    assert contents(datasets.local(data_url)) == contents(demo_data)


def test_a_dataset_that_is_replaced_meanwhile_is_not_mixed(data_url, monkeypatch):
    fetch = store.fetch

    def fetched(url, *rest):
        fetch(url, *rest)
        store.put_bytes(bytes(768_000), f"{data_url}/{TRAIN}")
        store.put_bytes(b"{}", f"{data_url}/manifest.json")

    monkeypatch.setattr(store, "fetch", fetched)
    with pytest.raises(UserError, match=f"^{data_url} was replaced while it was being copied"):
        datasets.local(data_url)


def test_a_full_disk_leaves_what_fits(data_url, demo_data, little_room):
    with little_room(500_000), pytest.raises(UserError, match=f"{TRAIN}: File too large"):
        datasets.local(data_url)
    assert contents(datasets.local(data_url)) == contents(demo_data)


def filled(name, size):
    """A copy of so many bytes."""

    def fill(folder):
        Path(folder, "file").write_bytes(bytes(size))

    return cache.copy(name, size, fill)


def free(name):
    """As if the program that uses a copy had ended."""
    cache._in_use.pop(name).close()


def test_the_least_recently_used_copy_goes_first_and_none_in_use(as_elsewhere, monkeypatch, capsys):
    as_elsewhere()
    monkeypatch.setenv("CACHE_GB", "0.000003")  # 3,000 bytes
    names = ["a", "b", "c"]
    paths = {name: filled(name, 1000) for name in names}
    for age, name in enumerate(reversed(names)):
        os.utime(paths[name] + ".lock", (age, age))  # c was used first, a last
        free(name)
    filled("a", 1000)  # used again, and still
    filled("d", 1000)
    assert capsys.readouterr().err == f"{paths['c']}: removed to make room in the cache\n"
    assert [os.path.exists(paths[name]) for name in names] == [True, True, False]
    with pytest.raises(UserError, match=r"may hold 3e-06 GB \(CACHE_GB\): e has 2e-06 GB, and"):
        filled("e", 2000)
    assert os.path.exists(paths["a"]) and not os.path.exists(paths["b"])
    free("a")
    capsys.readouterr()
    assert os.path.exists(filled("e", 2000))
    assert capsys.readouterr().err == f"{paths['a']}: removed to make room in the cache\n"
    assert not os.path.exists(paths["a"])


@pytest.mark.parametrize("value", ["much", "0", "-1", "nan"])
def test_a_limit_that_is_no_number(as_elsewhere, monkeypatch, value):
    as_elsewhere()
    monkeypatch.setenv("CACHE_GB", value)
    with pytest.raises(UserError, match=f"CACHE_GB is '{value}', expected a number of gigabytes"):
        filled("a", 1)


def test_a_cache_in_a_store_is_refused(monkeypatch):
    monkeypatch.setenv("CACHE", "s3://tests/cache")
    with pytest.raises(UserError, match="CACHE is s3://tests/cache: the cache is a folder of this"):
        cache.root()


def test_nobody_else_can_read_the_cache(as_elsewhere):
    as_elsewhere()
    assert os.stat(cache.root()).st_mode & 0o777 == 0o700
