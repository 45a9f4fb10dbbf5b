import shutil
from pathlib import Path

import pytest

import inference
from tests.train import runs

CONFIG = {"runconfig": {"max_steps": 60, "save_checkpoints_steps": 60}}


@pytest.fixture(scope="session")
def trained(tmp_path_factory, demo_data):
    """The model_dir of 60 steps on the demo's data, with predict_validation.jsonl, far from it."""
    folder = tmp_path_factory.mktemp("trained")
    for mode, more in (("train", ()), ("predict", ("--split", "validation"))):
        runs.run_main(mode, folder / "m", folder / "p.yaml", demo_data, *more, changes=CONFIG)
    return folder / "m"


@pytest.fixture
def model_dir(trained, tmp_path):
    """A copy of it that a test may change; its dataset and configuration are elsewhere."""
    return Path(shutil.copytree(trained, tmp_path / "moved"))


@pytest.fixture(scope="session")
def model(trained):
    return inference.load(str(trained))
