"""The same bytes from a Dask cluster, whatever becomes of its workers, and one message if it fails.

Processes that import TensorFlow at once: these are the slowest tests.
"""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
from distributed import Client, LocalCluster

from demo import make as demo
from preprocess import run
from preprocess.beam import dask_workers
from preprocess.beam.dask_workers import Workers, news
from preprocess.formats import tfrecord
from shared.errors import UserError
from tests import dask_cluster, processes
from tests.inputs import ROOT, data_arguments, sha256_of_files
from tests.processes import DEADLINE_SECONDS, wait_for

SHARDS = 12
# A worker is given up after this, not after minutes; importing TensorFlow takes less.
WORKER_TTL = "30s"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Workers take seconds to import TensorFlow, so the tests share them; some kill them."""
    folder = tmp_path_factory.mktemp("cluster")
    with dask_cluster.running(folder, DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL=WORKER_TTL) as found:
        yield found


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


@pytest.fixture(scope="module")
def long_data(demo_input, long_tfds, tmp_path_factory):
    """The arguments that make a dataset of them, and the bytes from the default runner."""
    folder = tmp_path_factory.mktemp("local")
    arguments = [*data_arguments(demo_input, folder, "--num_shards", SHARDS),
                 "--tfds_data_dir", str(long_tfds)]  # fmt: skip
    run.main(arguments)
    return arguments, sha256_of_files(folder / "sst2" / "msl32")


def launched(arguments, data_dir, cluster):
    """The program in a process of its own, so that the test can act meanwhile."""
    command = [sys.executable, "-m", "preprocess.run", *arguments]
    return subprocess.Popen(
        [*command, "--data_dir", str(data_dir), "--", *cluster.options()],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def left_over(folder):
    return [path for path in folder.rglob("*") if ".incomplete" in str(path) or "tmp" in path.name]


@pytest.mark.long
def test_the_bytes_are_those_of_the_default_runner(demo_input, tmp_path, cluster):
    local, there = (
        data_arguments(demo_input, tmp_path / name, "--num_shards", SHARDS)
        for name in ("local", "dask")
    )
    run.main(local)
    run.main([*there, "--", *cluster.with_workers(2).options()])
    expected = sha256_of_files(tmp_path / "local" / "sst2" / "msl32")
    assert len(expected) == 3 * SHARDS + 1  # and the index of the test split
    assert sha256_of_files(tmp_path / "dask" / "sst2" / "msl32") == expected


@pytest.fixture(scope="module")
def own_arguments(demo_input, tmp_path_factory):
    """Of a run on the demo's sentences as a file of one's own, with ids and drawn splits."""
    path = tmp_path_factory.mktemp("own") / "rows.csv"
    rows = demo.make_splits()["train"]
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(
            [("no", "text", "label"), *((f"T-{n}", *row) for n, row in enumerate(rows))]
        )
    return [*("--task", "own", "--data", f"train={path}", "--text", "text", "--label", "label"),
            *("--id", "no", "--validation", "0.1", "--windows", "2", "--num_shards", str(SHARDS)),
            *("--max_sequence_length", "16"),
            *("--vocab_file", str(demo_input / "vocab.txt"))]  # fmt: skip


@pytest.mark.long
def test_own_files(own_arguments, tmp_path, cluster):
    local, there = tmp_path / "local", tmp_path / "dask"
    run.main([*own_arguments, "--data_dir", str(local)])
    options = cluster.with_workers(2).options()
    run.main([*own_arguments, "--data_dir", str(there), "--", *options])
    found = sha256_of_files(there / "own" / "msl16")
    assert found == sha256_of_files(local / "own" / "msl16")
    assert {"train/rows.npy", "train/ids.txt", "train/documents.npy"} <= set(found)


@pytest.mark.long
def test_a_damaged_record_is_told_as_locally(demo_input, tmp_path, cluster):
    shutil.copytree(demo_input / "tfds", tmp_path / "tfds")
    (file,) = (tmp_path / "tfds").rglob("glue-train.tfrecord-*")
    file.write_bytes(tfrecord.frame([b"no example"] * 4000))
    arguments = [*data_arguments(demo_input, tmp_path / "data"),
                 "--tfds_data_dir", str(tmp_path / "tfds")]  # fmt: skip
    messages = []
    for options in ([], cluster.with_workers(2).options()):
        with pytest.raises(UserError, match="is damaged.*prepare glue/sst2 again") as told:
            run.main([*arguments, *(["--", *options] if options else [])])
        messages.append(str(told.value))
    assert messages[0] == messages[1]


@pytest.mark.long
def test_a_worker_is_killed_in_mid_shard(long_data, tmp_path, cluster):
    arguments, expected = long_data
    with launched(arguments, tmp_path, cluster.with_workers(2)) as running:
        victim = wait_for(lambda: processes.writing_a_shard(tmp_path))[0]
        os.kill(victim, signal.SIGKILL)
        finished = len(sha256_of_files(tmp_path))
        output, errors = running.communicate(timeout=DEADLINE_SECONDS)
    assert (running.returncode, errors) == (0, "")
    assert "Dask: 2 workers\n" in output
    (worker,) = [worker for worker in cluster.workers if worker.pid == victim]
    assert worker.wait() == -signal.SIGKILL
    assert finished < 3 * SHARDS
    assert sha256_of_files(tmp_path / "sst2" / "msl32") == expected


@pytest.mark.long
def test_a_frozen_worker_is_given_up_and_does_no_harm_when_it_wakes(long_data, tmp_path, cluster):
    arguments, expected = long_data
    with launched(arguments, tmp_path, cluster.with_workers(2)) as running:
        victim = wait_for(lambda: processes.writing_a_shard(tmp_path))[0]
        os.kill(victim, signal.SIGSTOP)
        try:
            _, errors = running.communicate(timeout=DEADLINE_SECONDS)
        finally:
            os.kill(victim, signal.SIGCONT)
    assert (running.returncode, errors) == (0, "")
    (worker,) = [worker for worker in cluster.workers if worker.pid == victim]
    worker.wait(DEADLINE_SECONDS)  # the scheduler no longer knows it
    assert sha256_of_files(tmp_path / "sst2" / "msl32") == expected
    assert left_over(tmp_path) == []


@pytest.mark.long
def test_the_scheduler_is_killed_and_the_same_command_works_afterwards(
    long_data, tmp_path, cluster
):
    arguments, expected = long_data
    with launched(arguments, tmp_path, cluster.with_workers(2)) as running:
        wait_for(lambda: processes.writing_a_shard(tmp_path))
        cluster.scheduler.kill()
        _, errors = running.communicate(timeout=DEADLINE_SECONDS)
    assert running.returncode == 2
    assert errors.startswith(f"error: lost the Dask scheduler at {cluster.address}")
    assert errors.count("\n") == 1
    for worker in cluster.workers:  # they end when their scheduler does
        worker.wait(DEADLINE_SECONDS)
    assert [path.name for path in (tmp_path / "sst2").iterdir()] == [".msl32.lock"]
    cluster.restart_scheduler()
    with launched(arguments, tmp_path, cluster.with_workers(2)) as running:
        running.communicate(timeout=DEADLINE_SECONDS)
    assert running.returncode == 0
    assert sha256_of_files(tmp_path / "sst2" / "msl32") == expected


@pytest.mark.long
def test_a_shard_whose_workers_die(long_data, tmp_path):
    settings = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with (
        dask_cluster.running(tmp_path, **settings) as one,
        launched(long_data[0], tmp_path / "data", one.with_workers(1)) as running,
    ):
        (victim,) = wait_for(lambda: processes.writing_a_shard(tmp_path))
        os.kill(victim, signal.SIGKILL)
        _, errors = running.communicate(timeout=DEADLINE_SECONDS)
    assert running.returncode == 2
    assert errors.startswith("error: 1 Dask worker died while writing one shard: the last was tcp:")
    assert errors.count("\n") == 1
    assert left_over(tmp_path / "data") == []


@pytest.mark.long
def test_a_worker_of_another_commit(demo_input, tmp_path):
    other = tmp_path / "other"
    for package in ("preprocess", "shared"):
        shutil.copytree(ROOT / package, other / package)
    with (other / "shared" / "records.py").open("a") as file:
        file.write("# changed\n")
    refused = pytest.raises(UserError, match="the worker on .* has this project [0-9a-f]{12}, not")
    with dask_cluster.running(tmp_path, project=other) as found, refused:
        options = found.with_workers(1).options()
        run.main(data_arguments(demo_input, tmp_path / "data", "--", *options))
    assert not list((tmp_path / "data").rglob("*.tfrecord"))


@pytest.mark.long
def test_slurm_with_a_worker_killed_in_mid_shard(
    demo_input, long_tfds, long_data, tmp_path, slurm_cluster
):
    """examples/slurm/data.sbatch on two nodes."""
    job = slurm_cluster.submit(
        "data.sbatch", tmp_path / "log", "TASK=sst2", "MSL=32", f"DATA_DIR={tmp_path}",
        f"VOCAB={demo_input}/vocab.txt", f"TFDS_DATA_DIR={long_tfds}",
        ARGS=f"--num_shards {SHARDS}",
    )  # fmt: skip
    victim = wait_for(lambda: processes.writing_a_shard(tmp_path))[0]
    os.kill(victim, signal.SIGKILL)
    assert len(sha256_of_files(tmp_path)) < 3 * SHARDS
    assert slurm_cluster.wait(job) == {"COMPLETED"}
    assert sha256_of_files(tmp_path / "sst2" / "msl32") == long_data[1]


@pytest.mark.parametrize(
    "option, message",
    [
        ("--dask_client_address=tcp://127.0.0.1:1", "tcp://127.0.0.1:1 does not answer: Timed out"),
        ("--dask_client_address=tcp://here", "tcp://here does not answer: missing port number"),
        ("--dask_scheduler_file=build/none.json", "none.json does not answer: no such file after"),
    ],
)
def test_no_scheduler(option, message, demo_input, tmp_path):
    options = [*dask_cluster.RUNNER, option, "--dask_connection_timeout=1"]
    with pytest.raises(UserError, match=f"the Dask scheduler at .*{message}.*Start it"):
        run.main(data_arguments(demo_input, tmp_path, "--", *options))


def test_dask_is_not_installed(demo_input, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask", None)
    for name in [name for name in sys.modules if name.startswith("apache_beam.runners.dask")]:
        monkeypatch.delitem(sys.modules, name)
    options = [*dask_cluster.RUNNER, "--dask_client_address=tcp://127.0.0.1:1"]
    with pytest.raises(UserError, match="needs a library: .*dask.*make setup EXTRAS=dask"):
        run.main(data_arguments(demo_input, tmp_path, "--", *options))


def test_a_cluster_without_workers_is_told_again_and_again(monkeypatch, capsys):
    monkeypatch.setattr(dask_workers, "_PERIOD_SECONDS", 0.01)
    monkeypatch.setattr(dask_workers, "_REMIND_SECONDS", 0.1)
    alone = {"n_workers": 0, "processes": False, "dashboard_address": None}
    told = []

    def count(line):
        told.append(capsys.readouterr().out)
        return "".join(told).count(line)

    with LocalCluster(**alone) as cluster, Client(cluster) as client, dask_workers.told(client):
        still = f"Dask: still no worker at {cluster.scheduler_address}; waiting for one\n"
        wait_for(lambda: count(still) > 1)
        cluster.scale(1)
        wait_for(lambda: count("Dask: 1 worker\n"))
    assert "".join(told).startswith("Dask: no worker; waiting for one to join\n" + 2 * still)


def test_what_is_told_of_workers():
    few = Workers(frozenset({"a", "b"}))
    silent = Workers(few.known, frozenset({"b"}))
    assert news(None, Workers()) == ["Dask: no worker; waiting for one to join"]
    assert news(few, few) == news(silent, silent) == []
    assert news(few, silent) == [
        "Dask: no word from b for 30 s; when the scheduler gives it up (worker-ttl), other workers "
        "do its shards"
    ]
    assert news(silent, few) == ["Dask: b answers again"]
    assert news(silent, Workers(frozenset({"a", "c"}))) == [
        "Dask: lost b; other workers do its shards",
        "Dask: 2 workers",
    ]
