"""A bucket of a real server, and a cache of its own for each test."""

import itertools
import subprocess

import fsspec
import pytest

from shared.remote import attempts, cache, datasets, lease, store
from tests.stores.google import Google
from tests.stores.s3 import S3

_numbers = itertools.count(1)


# Which stores a test runs with, if not S3 alone.
on_each_store = pytest.mark.parametrize("bucket", ["server", "google"], indirect=True)
on_each_store_if_long = pytest.mark.parametrize(  # else on S3
    "bucket", ["server", pytest.param("google", marks=pytest.mark.long)], indirect=True
)
on_small_disk = pytest.mark.parametrize("bucket", ["server_on_small_disk"], indirect=True)
on_google = pytest.mark.parametrize("bucket", ["google"], indirect=True)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A running tests.stores.s3.S3; a test that kills it starts it again."""
    yield from _running(S3(str(tmp_path_factory.mktemp("s3"))))


@pytest.fixture(scope="session")
def google(tmp_path_factory):
    """A running tests.stores.google.Google."""
    yield from _running(Google(str(tmp_path_factory.mktemp("gs"))))


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 32 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(place)]
    done = subprocess.run(mount, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no disk of its own can be mounted for the server: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def server_on_small_disk(small_disk):
    """Another tests.stores.s3.S3."""
    files = fsspec.get_filesystem_class("s3")
    files.clear_instance_cache()  # they know the other server
    yield from _running(S3(str(small_disk / "s3")))
    files.clear_instance_cache()


def _running(server):
    server.start()
    yield server
    server.remove()


@pytest.fixture
def as_elsewhere(tmp_path, monkeypatch):
    """A function that makes this program like one that starts on another machine."""

    def start():
        monkeypatch.setenv(cache.FOLDER, str(tmp_path / f"cache-{next(_numbers)}"))
        datasets._staged.cache_clear()
        for lock in cache._in_use.values():
            lock.close()
        cache._in_use.clear()

    yield start
    start()


@pytest.fixture
def with_keys(bucket, monkeypatch):
    """A function that gives the library another key and secret; empty ones are none."""
    files = type(fsspec.filesystem("s3"))

    def give(key, secret):
        for name, value in (("AWS_ACCESS_KEY_ID", key), ("AWS_SECRET_ACCESS_KEY", secret)):
            monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name)
        files.clear_instance_cache()  # they are read once

    yield give
    files.clear_instance_cache()


@pytest.fixture
def bucket(request, as_elsewhere, monkeypatch):
    """The URL of an empty place in a bucket, which the library finds with what lets it write."""
    server = request.getfixturevalue(getattr(request, "param", "server"))
    server.start()
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(attempts, "WAITS", (0.05, 0.1))
    monkeypatch.setattr(lease, "RENEWED_SECONDS", 0.2)
    monkeypatch.setattr(lease, "ABANDONED_SECONDS", 0.8)
    monkeypatch.setattr(lease, "LOOK_SECONDS", 0.1)
    as_elsewhere()
    files = fsspec.filesystem(server.SCHEME)
    if not files.exists("tests"):  # buckets of its own would take the server long
        files.mkdir("tests")
    return f"{server.SCHEME}://tests/{next(_numbers)}"


@pytest.fixture
def noted_changes(monkeypatch):
    """A list that is given (verb, URL) of what is put and removed."""
    done, put, remove = [], store.put, store.remove

    def noted_put(local, url):
        done.append(("put", url))
        put(local, url)

    def noted_remove(things):
        for url in things:
            done.append(("remove", url))
            remove([url])

    monkeypatch.setattr(store, "put", noted_put)
    monkeypatch.setattr(store, "remove", noted_remove)
    return done
