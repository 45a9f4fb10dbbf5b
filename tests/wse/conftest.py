"""What the tests of the Cerebras backend share; tests/conftest.py needs a current Python."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.wse import dataset, runs

os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

ROOT = Path(__file__).resolve().parent.parent.parent
STANDIN = ROOT / "tests" / "wse" / "standin"
GOLDEN = ROOT / "tests" / "golden"
# Reference data of other people, never copied into the project: beside the checkout, if at all.
REFERENCE = Path(os.environ.get("REFERENCE_DATA", str(ROOT.parent / "shared")))
# What says to a program that it is one of several tasks.
_TASK_VARIABLES = ("TF_CONFIG", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "K8S_CS_IP", "CS_IP")


@pytest.fixture(autouse=True)
def in_project(monkeypatch):
    """Relative paths mean those of the project; the process is the only task."""
    monkeypatch.chdir(ROOT)
    for name in _TASK_VARIABLES:
        monkeypatch.setenv(name, "")  # so that what the stand-in sets is undone, too
        monkeypatch.delenv(name)


@pytest.fixture
def golden():
    """tests/golden, which holds the Model Zoo's numbers."""
    return GOLDEN


@pytest.fixture
def reference():
    """A function: a path in the reference data -> the file or folder, or the test is skipped."""

    def find(path):
        if not (REFERENCE / path).exists():
            pytest.skip(f"needs {path} of the reference data (REFERENCE_DATA)")
        return REFERENCE / path

    return find


@pytest.fixture(scope="session")
def sentences(tmp_path_factory):
    """The folder of a dataset of single sentences (tests/wse/dataset.py), for reading only."""
    return dataset.write(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def pairs(tmp_path_factory):
    """The same of pairs of sentences."""
    folder = tmp_path_factory.mktemp("data")
    return dataset.write(folder, task="pairs", text_columns=("text_a", "text_b"))


@pytest.fixture(scope="session")
def pretrained(tmp_path_factory):
    """A function: a checkpoint of tests/golden -> a copy without its vocabulary, which is not the
    data's."""

    def copy(name):
        folder = tmp_path_factory.mktemp("pretrained") / "source"
        ignored = shutil.ignore_patterns("vocab.txt", "tokenizer_config.json")
        return shutil.copytree(str(GOLDEN / name), str(folder), ignore=ignored)

    return copy


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory, sentences):
    """The model_dir of four steps with runs.SMALL: checkpoints 0, 2 and 4; for reading only."""
    folder = tmp_path_factory.mktemp("trained")
    runs.write_yaml(folder / "p.yaml")
    runs.main("train", folder / "m", folder / "p.yaml", sentences)
    return folder / "m"


@pytest.fixture
def trained(trained_once, tmp_path):
    """A copy of it that a test may change."""
    return Path(shutil.copytree(str(trained_once), str(tmp_path / "trained")))


@pytest.fixture
def program():
    """Runs `python -m <arguments>` in a process of its own; returns the finished process.

    with_cerebras=False leaves the stand-in out; other keyword arguments are environment variables.
    """

    def run(*arguments, with_cerebras=True, **environment):
        path = [str(ROOT), str(STANDIN)] if with_cerebras else [str(ROOT)]
        return subprocess.run(
            [sys.executable, "-m", *map(str, arguments)],
            cwd=str(ROOT),
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            timeout=300,
        )

    return run
