"""Trainings of examples/slurm on a real Slurm of two nodes: the weights of undisturbed ones."""

import os
import shutil
import signal
import subprocess

import pytest
import yaml

from tests.inputs import ROOT
from tests.processes import started_with, wait_for
from tests.train import runs
from train.checkpoints import files

pytestmark = pytest.mark.long
STEPS = 2000


@pytest.fixture
def training(tmp_path, demo_data):
    """Arguments of `make train`, without MODEL_DIR."""
    data = shutil.copytree(demo_data, tmp_path / "data" / "sst2" / "msl32")
    changes = {"max_steps": STEPS, "save_checkpoints_steps": 100, "save_summary_steps": 500}
    params = tmp_path / "p.yaml"
    params.write_text(yaml.safe_dump(runs.configuration({"runconfig": changes})))
    return ["TASK=sst2", "MSL=32", f"DATA_DIR={data.parents[1]}", f"CONFIG={params}", "BACKEND=cpu"]


def newest_step(folder):
    return max(files.steps(str(folder)), default=0)


def test_a_training_is_stopped_queued_again_and_killed(slurm_cluster, training, tmp_path):
    whole, parts, log = tmp_path / "whole", tmp_path / "parts", tmp_path / "log"
    job = slurm_cluster.submit("train.sbatch", tmp_path / "first", *training, f"MODEL_DIR={whole}")
    assert slurm_cluster.wait(job) == {"COMPLETED"}
    assert "training on 2 devices" in (tmp_path / "first").read_text()

    job = slurm_cluster.submit("train.sbatch", log, *training, f"MODEL_DIR={parts}")
    wait_for(lambda: newest_step(parts) >= 200)
    slurm_cluster.say("scancel", "--signal=TERM", job)  # what Slurm sends before the time is up
    slurm_cluster.wait_until_it_starts_again(job)
    stopped = newest_step(parts)
    assert f"stopped by SIGTERM at step {stopped}; checkpoint written" in log.read_text()
    wait_for(lambda: newest_step(parts) >= stopped + 200)
    slurm_cluster.say("scontrol", "requeue", job)  # as for a job of a higher priority
    slurm_cluster.wait_until_it_starts_again(job)
    queued = newest_step(parts)
    assert queued < STEPS
    wait_for(lambda: newest_step(parts) >= queued + 100)
    os.kill(started_with("train.run", str(parts))[-1], signal.SIGKILL)
    assert slurm_cluster.wait(job) == {"FAILED"}
    killed = newest_step(parts)
    assert killed < STEPS

    job = slurm_cluster.submit("train.sbatch", log, *training, f"MODEL_DIR={parts}")
    assert slurm_cluster.wait(job) == {"COMPLETED"}
    runs.assert_same_weights(runs.weights(parts, STEPS), runs.weights(whole, STEPS))


def test_an_array_of_seeds_ends_in_their_table(slurm_cluster, training, tmp_path):
    folder = tmp_path / "m"
    short = [*training, "SET=runconfig.max_steps=3"]
    job = slurm_cluster.submit("seeds.sbatch", tmp_path / "log-%a", *short, options=["--array=1-2"],
                         MODEL_DIR=str(folder))  # fmt: skip
    assert slurm_cluster.wait(job) == {"COMPLETED"}
    command = ["make", "train", *short, f"MODEL_DIR={folder}", "SEEDS=1,2"]
    out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert out.count("nothing to train") == 2 and "\nmedian " in out
