"""kill -9 and SIGTERM at random steps, a start again, and the same weights to the last bit.

Importing TensorFlow takes most of such a run; so one process imports it, and forks for every run.
"""

import contextlib
import os
import random
import resource
import signal
import time

import pytest
import yaml

from shared.errors import UserError
from tests.forking import forking
from tests.train import runs
from tests.train.runs import assert_same_weights, weights
from train.checkpoints import files, tensors

IMPORTS = """
from train import run
from train.backend import import_tensorflow
import_tensorflow("cpu")
from train.modes import evaluation, prediction, training
"""
STEPS = 200
LONG = {"max_steps": STEPS, "save_checkpoints_steps": 20, "save_summary_steps": 100}


@pytest.fixture(scope="module")
def start():
    with forking(IMPORTS) as start:
        yield start


@pytest.mark.long
@pytest.mark.parametrize("memory_limit_gb, parts", [(4.0, 1), (1e-9, 2)])
def test_killed_anywhere(start, tmp_path, demo_data, memory_limit_gb, parts):
    changes = {"train_input": {"memory_limit_gb": memory_limit_gb, "shuffle_buffer": 500},
               "optimizer": {"grad_accum_steps": parts}, "runconfig": LONG}  # fmt: skip
    params = tmp_path / "p.yaml"
    params.write_text(yaml.safe_dump(runs.configuration(changes)))
    whole = runs.arguments("train", tmp_path / "whole", params, demo_data)
    assert start(whole)[1]() == 0
    moments = random.Random(f"{memory_limit_gb} {parts}")
    arguments = runs.arguments("train", tmp_path / "parts", params, demo_data)
    codes = [interrupted(start, arguments, tmp_path / "parts", number, moments)
             for number in (signal.SIGKILL, signal.SIGTERM)]  # fmt: skip
    assert codes == [-signal.SIGKILL, 143]
    assert start(arguments)[1]() == 0
    assert_same_weights(weights(tmp_path / "parts", STEPS), weights(tmp_path / "whole", STEPS))


def interrupted(start, arguments, folder, number, moments):
    """Sends a signal at a random moment after the run's first new checkpoint; the exit code."""
    before = newest_step(folder)
    pid, exit_code = start(arguments)
    while newest_step(folder) == before:
        time.sleep(0.01)
    time.sleep(moments.uniform(0, 0.15))
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
    return exit_code()


def newest_step(folder):
    return max(files.steps(str(folder)), default=0)


@pytest.mark.parametrize("damage", ["cut", "removed", "changed"])
def test_a_damaged_newest_checkpoint_is_passed_over(train, trained, capsys, damage):
    expected = weights(trained, 12)
    data = trained / "model.ckpt-12.data-00000-of-00001"
    if damage == "removed":
        data.unlink()
    else:
        content = data.read_bytes()
        half = len(content) // 2
        changed = content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :]
        data.write_bytes(content[:half] if damage == "cut" else changed)
    train("train", trained)
    out = capsys.readouterr().out
    assert f"the checkpoint {trained / 'model.ckpt-12'} is damaged: " in out
    assert f"Trying the previous one.\nresuming from {trained / 'model.ckpt-6'}" in out
    assert_same_weights(weights(trained, 12), expected)


def test_where_every_checkpoint_is_damaged_nothing_starts_anew(train, trained):
    for data in trained.glob("*.data-*"):
        data.write_bytes(b"")
    with pytest.raises(UserError, match=r"no checkpoint in .* can be read \(2 tried\)"):
        train("train", trained)
    assert files.steps(str(trained)) == [6, 12]


@pytest.mark.long
def test_a_full_disk_loses_no_older_checkpoint(tmp_path):
    """A limit on the size of files stands for the disk: writing beyond it fails in the kernel."""
    import tensorflow as tf

    tensors.save(str(tmp_path), 1, {"a": tf.ones([10])}, keep=1)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(
            UserError, match="cannot write the checkpoint .*model.ckpt-2: File too large"
        ):
            tensors.save(str(tmp_path), 2, {"a": tf.random.uniform([10**6])}, keep=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert files.newest_first(str(tmp_path)) == [str(tmp_path / "model.ckpt-1")]
    assert tensors.read(str(tmp_path / "model.ckpt-1"), ["a"])["a"].tolist() == [1.0] * 10
