"""kill -9 at ten random moments of `make data`: the old dataset or none, and the next run works.

Importing TensorFlow takes most of a run and touches no file; so one process imports it, and forks
for every run.
"""

import contextlib
import os
import random
import shutil
import signal
import time

import pytest

from shared.files import sha256_of
from shared.manifest_file import read_manifest
from tests.forking import forking
from tests.inputs import data_arguments

KILLS = 10
IMPORTS = """
from preprocess import lazy_imports, run
lazy_imports.load("preprocess.beam.pipeline", "preprocess.beam.summary")
"""


@pytest.fixture(scope="module")
def start():
    with forking(IMPORTS) as start:
        yield start


def state(dataset):
    """None, or {file: sha256} of a dataset that agrees with its manifest."""
    if not dataset.exists():
        return None
    manifest = read_manifest(str(dataset))
    files = {}
    for split, entry in manifest.splits.items():
        for shard in entry.shards:
            files[shard.file] = sha256_of(str(dataset / split / shard.file))
            assert files[shard.file] == shard.sha256
    return files


@pytest.mark.long
def test_random_moments(demo_input, tmp_path, start):
    dataset = tmp_path / "sst2" / "msl32"

    def arguments(num_shards):
        return data_arguments(demo_input, tmp_path, "--num_shards", num_shards, "--overwrite")

    expected = {}
    for num_shards in (3, 5):
        started = time.monotonic()
        assert start(arguments(num_shards))[1]() == 0
        seconds = time.monotonic() - started
        expected[num_shards] = state(dataset)
    moments, killed = random.Random(1121), 0
    for number in range(KILLS):
        old, new = ((5, 3), (3, 5))[number % 2]  # the old one was made by the round before
        if number % 4 < 2:
            shutil.rmtree(dataset)
        pid, exit_code = start(arguments(new))
        time.sleep(moments.uniform(0, seconds))
        with contextlib.suppress(ProcessLookupError):  # it has just ended
            os.kill(pid, signal.SIGKILL)
        killed += exit_code() == -signal.SIGKILL
        assert state(dataset) in (None, expected[old], expected[new])
        assert start([*arguments(new), "--", "--runner=FnApiRunner"])[1]() == 0
        assert state(dataset) == expected[new]
        assert sorted(os.listdir(tmp_path / "sst2")) == [".msl32.lock", "msl32"]
    assert killed > KILLS / 2
