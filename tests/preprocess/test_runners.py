"""The same bytes from every runner, also when a worker dies in mid-shard.

Three processes that import TensorFlow at once: these are the slowest tests.
"""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from preprocess import run
from shared.errors import UserError
from tests import processes
from tests.inputs import ROOT, data_arguments
from tests.processes import DEADLINE_SECONDS, wait_for

SHARDS = 12


def contents(dataset):
    """{path: sha256} of shards and indices."""
    return {
        str(path.relative_to(dataset)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted([*dataset.rglob("*.tfrecord"), *dataset.rglob("*.npy")])
    }


def make(demo_input, data_dir, *beam_options):
    arguments = data_arguments(demo_input, data_dir, "--num_shards", SHARDS, "--", *beam_options)
    run.main(arguments)
    return contents(data_dir / "sst2" / "msl32")


@pytest.fixture(scope="module")
def expected(demo_input, tmp_path_factory):
    """From the default runner: one process, several threads."""
    found = make(demo_input, tmp_path_factory.mktemp("threads"))
    assert len(found) == 3 * SHARDS + 1  # and the index of the test split
    return found


def test_one_thread(demo_input, tmp_path, expected):
    assert make(demo_input, tmp_path, "--runner=FnApiRunner") == expected


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.long)])
def test_worker_processes(demo_input, tmp_path, expected, workers):
    options = ("--direct_running_mode=multi_processing", f"--direct_num_workers={workers}")
    assert make(demo_input, tmp_path, *options) == expected


@contextmanager
def dask(tmp_path, workers, project=ROOT):
    """A Dask scheduler and workers in processes of their own: (address, the workers)."""
    running = []

    def start(kind, number, *arguments):
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments]
        with open(tmp_path / f"{kind}{number}.log", "w") as log:
            running.append(subprocess.Popen(command, cwd=project, stdout=log, stderr=log))
        return running[-1]

    def start_worker(number):
        alone = ("--nthreads", "1", "--no-nanny", "--no-dashboard")
        return start("worker", number, address, *alone, "--local-directory", f"{tmp_path}/{number}")

    try:
        start("scheduler", 0, "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        log = tmp_path / "scheduler0.log"
        address = wait_for(lambda: re.search(r"tcp://127[\d.]+:\d+", log.read_text()))[0]
        yield address, [start_worker(number) for number in range(workers)]
    finally:
        for process in running:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Workers take seconds to import TensorFlow, so both tests use them; the last one kills one."""
    with dask(tmp_path_factory.mktemp("cluster"), workers=2) as started:
        yield started


def dask_options(address):
    return (
        "--runner=apache_beam.runners.dask.dask_runner.DaskRunner",
        f"--dask_client_address={address}",
    )


@pytest.mark.long
def test_dask(demo_input, tmp_path, expected, cluster):
    assert make(demo_input, tmp_path, *dask_options(cluster[0])) == expected


@pytest.fixture(scope="module")
def long_tfds(demo_input, tmp_path_factory):
    """The demo's TFDS data with its training rows thirty times, so that shards take a while."""
    folder = tmp_path_factory.mktemp("long") / "tfds"
    shutil.copytree(demo_input / "tfds", folder)
    version = folder / "glue" / "sst2" / "2.0.0"
    (rows,) = version.glob("glue-train.tfrecord-*")
    rows.write_bytes(rows.read_bytes() * 30)
    info = json.loads((version / "dataset_info.json").read_text())
    for split in info["splits"]:
        if split["name"] == "train":
            split["shardLengths"] = ["120000"]
    (version / "dataset_info.json").write_text(json.dumps(info))
    return folder


@pytest.mark.long
def test_dask_with_a_worker_killed_in_mid_shard(demo_input, long_tfds, tmp_path, cluster):
    address, workers = cluster
    arguments = [*data_arguments(demo_input, tmp_path / "local", "--num_shards", SHARDS),
                 "--tfds_data_dir", str(long_tfds)]  # fmt: skip
    run.main(arguments)
    expected = contents(tmp_path / "local" / "sst2" / "msl32")
    arguments += ["--data_dir", str(tmp_path / "dask"), "--", *dask_options(address)]
    with subprocess.Popen(
        [sys.executable, "-m", "preprocess.run", *arguments], cwd=ROOT
    ) as launched:
        folder = tmp_path / "dask" / "sst2"
        victim = wait_for(lambda: processes.writing_a_shard(folder))[0]
        os.kill(victim, signal.SIGKILL)
        finished = len(contents(folder))
        assert launched.wait(DEADLINE_SECONDS) == 0
    assert [worker.poll() for worker in workers if worker.pid == victim] == [-signal.SIGKILL]
    assert finished < 3 * SHARDS
    assert contents(tmp_path / "dask" / "sst2" / "msl32") == expected


@pytest.mark.long
def test_dask_with_a_worker_of_another_commit(demo_input, tmp_path):
    other = tmp_path / "other"
    for package in ("preprocess", "shared"):
        shutil.copytree(ROOT / package, other / package)
    with (other / "shared" / "records.py").open("a") as file:
        file.write("# changed\n")
    refused = pytest.raises(UserError, match="the worker on .* has this project [0-9a-f]{12}, not")
    with dask(tmp_path, workers=1, project=other) as (address, _), refused:
        make(demo_input, tmp_path / "data", *dask_options(address))
    assert not list((tmp_path / "data").rglob("*.tfrecord"))


@pytest.mark.long
def test_slurm_with_a_worker_killed_in_mid_shard(demo_input, long_tfds, tmp_path, slurm_cluster):
    """examples/slurm/data.sbatch on two nodes."""
    local, there = tmp_path / "local", tmp_path / "there"
    arguments = data_arguments(demo_input, local, "--num_shards", SHARDS)
    run.main([*arguments, "--tfds_data_dir", str(long_tfds)])
    job = slurm_cluster.submit(
        "data.sbatch", tmp_path / "log", "TASK=sst2", "MSL=32", f"DATA_DIR={there}",
        f"VOCAB={demo_input}/vocab.txt", f"TFDS_DATA_DIR={long_tfds}",
        ARGS=f"--num_shards {SHARDS}",
    )  # fmt: skip
    victim = wait_for(lambda: processes.writing_a_shard(there))[0]
    os.kill(victim, signal.SIGKILL)
    assert len(contents(there)) < 3 * SHARDS
    assert slurm_cluster.wait(job) == {"COMPLETED"}
    assert contents(there / "sst2" / "msl32") == contents(local / "sst2" / "msl32")
