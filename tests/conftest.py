"""What the tests share: the golden files, the real data where it is, and one small dataset.

TensorFlow takes seconds to import, so tests call the programs' functions in this process; only
exit codes and what must not import TensorFlow are shown in processes of their own.
"""

import os
import resource
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import long_texts, multi_label, slurm, weighted
from tests.inputs import ROOT, data_arguments

os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


@pytest.fixture(autouse=True)
def in_project(monkeypatch):
    """Relative paths (configs/, vocab/) mean those of the project."""
    monkeypatch.chdir(ROOT)


@pytest.fixture
def little_room():
    """A context in which files of this process can hold so many bytes, instead of a full disk."""

    @contextmanager
    def limited(size):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited


@pytest.fixture
def program():
    """Runs `python -m <arguments>` in a process of its own; returns the finished process."""

    def run(*arguments, **environment):
        return subprocess.run(
            [sys.executable, "-m", *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


def train(*arguments, **changes):
    """tests/train/runs.py's run_main, imported when it is needed."""
    from tests.train import runs

    runs.run_main(*arguments, **changes)


@pytest.fixture(scope="session")
def demo_input(tmp_path_factory):
    """A folder with demo/make.py's sentences, TFDS dataset and vocabulary."""
    from demo import make

    folder = tmp_path_factory.mktemp("demo")
    make.main(str(folder))
    return folder


@pytest.fixture(scope="session")
def demo_data(demo_input):
    """The dataset folder that preprocess.run makes of it: 4,000 / 500 / 500 rows at length 32."""
    from preprocess import run

    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.chdir(ROOT)
    run.main(data_arguments(demo_input, demo_input / "data"))
    monkeypatch.undo()
    return demo_input / "data" / "sst2" / "msl32"


@pytest.fixture
def data_copy(demo_data, tmp_path):
    """A copy of the demo dataset that a test may damage."""
    return Path(shutil.copytree(demo_data, tmp_path / "sst2" / "msl32"))


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory, demo_data):
    """The model_dir of 12 steps with the configuration SMALL: checkpoints 6 and 12."""
    folder = tmp_path_factory.mktemp("trained")
    train("train", folder / "m", folder / "params.yaml", demo_data)
    return folder / "m"


@pytest.fixture(scope="session")
def multi_label_data(tmp_path_factory):
    """The dataset folder that tests/multi_label.py makes: 96 / 40 / 30 rows at length 8."""
    return multi_label.make(tmp_path_factory.mktemp("topics"))


@pytest.fixture(scope="session")
def multi_label_model(tmp_path_factory, multi_label_data):
    """The model_dir of 60 steps on it, with best/: checkpoints 30 and 60."""
    folder = tmp_path_factory.mktemp("trained-topics")
    train(
        "train_and_eval",
        folder / "m",
        folder / "params.yaml",
        multi_label_data,
        changes={"runconfig": {"max_steps": 60, "save_checkpoints_steps": 30}},
    )
    return folder / "m"


@pytest.fixture(scope="session")
def weighted_data(tmp_path_factory):
    """The dataset folder that tests/weighted.py makes: 96 / 130 rows at length 8."""
    return weighted.make(tmp_path_factory.mktemp("trusted"))


@pytest.fixture(scope="session")
def long_data(tmp_path_factory):
    """The dataset folder that tests/long_texts.py makes: 60 / 41 / 20 texts in windows."""
    return long_texts.make(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="session")
def long_model(tmp_path_factory, long_data):
    """The model_dir of 60 steps on it; with 40 it would answer the same to everything."""
    folder = tmp_path_factory.mktemp("trained-films")
    changes = {"runconfig": {"max_steps": 60, "save_checkpoints_steps": 60}}
    train("train", folder / "m", folder / "params.yaml", long_data, changes=changes)
    return folder / "m"


@pytest.fixture(scope="session")
def slurm_cluster(tmp_path_factory):
    """A Slurm of two nodes on this machine; tests are skipped where it cannot run."""
    with slurm.running(tmp_path_factory.mktemp("slurm")) as cluster:
        yield cluster
