"""Runs of the trainer in processes of their own; several of them are workers on loopback."""

import json
import os
import subprocess
import sys

import yaml

from tests.inputs import ROOT
from tests.loopback import free_port
from tests.train import runs


def start(program, mode, folder, params, data, *more, **environment):
    """A run with the model in `folder` and the configuration in the file `params`."""
    return subprocess.Popen(
        [sys.executable, *program, *runs.arguments(mode, folder, params, data, *more)],
        cwd=ROOT, env={**os.environ, **environment}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def start_workers(mode, folders, params, data, *more, addresses=None):
    """A worker for each folder, and the addresses of all."""
    addresses = addresses or [f"localhost:{free_port()}" for _ in folders]
    processes = []
    for index, folder in enumerate(folders):
        task = {"type": "worker", "index": index}
        config = json.dumps({"cluster": {"worker": addresses}, "task": task})
        # The log level is TensorFlow's without this variable, which the tests set.
        environment = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_CONFIG": config}
        program = ["-m", "train.run"]
        processes.append(start(program, mode, folder, params, data, *more, **environment))
    return processes, addresses


def finish(process):
    """What it printed, after it has succeeded."""
    out, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors
    return out


def configured(path, changes):
    """The file `path`, with the changed configuration."""
    path.write_text(yaml.safe_dump(runs.configuration(changes)))
    return path
