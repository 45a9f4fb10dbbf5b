"""A store that is slow, or falls silent: what is told meanwhile, and in the end."""

import asyncio
import itertools
import os
import threading
import time
import types

import fsspec
import gcsfs.retry
import pytest
import s3fs
from fsspec.config import conf

from shared.errors import UserError
from shared.remote import attempts, progress, store
from tests.loopback import relayed
from tests.remote.conftest import on_each_store
from tests.remote_files import fetched

ADDRESS = {"s3": "AWS_ENDPOINT_URL", "gs": "STORAGE_EMULATOR_HOST"}


@pytest.fixture
def relay(bucket, monkeypatch):
    """A function that puts tests.loopback.relayed(..., before) before the store."""
    scheme, used = bucket.split(":")[0], []

    def start(before):
        used.append(relayed(os.environ[ADDRESS[scheme]], before))
        monkeypatch.setenv(ADDRESS[scheme], used[0].__enter__())
        fsspec.get_filesystem_class(scheme).clear_instance_cache()

    yield start
    used[0].__exit__(None, None, None)
    fsspec.get_filesystem_class(scheme).clear_instance_cache()


@pytest.fixture
def impatient(monkeypatch):
    """The libraries take a store for silent after a third of a second."""
    monkeypatch.delitem(conf, "gs", raising=False)
    monkeypatch.setattr(store, "SILENT_SECONDS", 0.3)
    monkeypatch.setattr(s3fs.S3FileSystem, "read_timeout", 0.3)
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 2)
    no_pause = types.SimpleNamespace(sleep=lambda seconds: asyncio.sleep(0))
    monkeypatch.setattr(gcsfs.retry, "asyncio", no_pause)  # between its own tries
    monkeypatch.setattr(attempts, "WAITS", (0.05,))
    yield
    conf.pop("gs", None)


@on_each_store
def test_a_slow_store_says_how_far_it_is(bucket, relay, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(progress, "PERIOD_SECONDS", 0.1)
    blocks = itertools.count()
    relay(lambda: next(blocks) == 8 and time.sleep(1.0))
    (tmp_path / "d").write_bytes(bytes(1_000_000))
    store.put(str(tmp_path / "d"), f"{bucket}/d")
    fetched(f"{bucket}/d", tmp_path / "copy", 1_000_000)
    assert (tmp_path / "copy").read_bytes() == bytes(1_000_000)
    told = capsys.readouterr().err.splitlines()
    shares = [line.removeprefix(f"{bucket}/d: ").removesuffix(" of 1.0 MB") for line in told]
    assert 0 < float(shares[-1]) < 1 and shares[-3:] == [shares[-1]] * 3


@on_each_store
def test_a_store_that_falls_silent_is_given_up(bucket, relay, impatient, capsys):
    store.put_bytes(bytes(1_000_000), f"{bucket}/d")
    blocks, again = itertools.count(), threading.Event()
    relay(lambda: next(blocks) > 8 and again.wait())
    said = "(Read timeout on endpoint URL: .*|Timeout on reading data from socket)"
    with pytest.raises(UserError, match=rf"^cannot read {bucket}/d: {said}; gave up after 2 tries"):
        store.read(f"{bucket}/d")
    again.set()
    assert capsys.readouterr().err.count(f"cannot read {bucket}/d: ") == 1
