"""Every module that the wse backend may reach runs with what the container holds."""

import importlib
import sys

import pytest

from tests.wse.conftest import ROOT

# For current TensorFlow.
CURRENT = ("estimator", "loop", "step", "replicas", "tensorboard")


def modules():
    for folder in ("shared", "train"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            is_current = name.startswith("train.gpu.") and name.rpartition(".")[2] in CURRENT
            if not name.endswith("__init__") and not is_current:
                yield name


@pytest.mark.parametrize("name", modules())
def test_it_is_imported(name):
    importlib.import_module(name)


@pytest.mark.skipif(sys.version_info >= (3, 8), reason="gpu and cpu are tried on this Python, too")
def test_another_backend_on_the_containers_python_is_a_message(program, tmp_path):
    options = ("--mode", "train", "--backend", "cpu", "--model_dir", str(tmp_path / "m"))
    done = program("train.run", *options)
    assert done.returncode == 2
    assert done.stderr.startswith("error: this is Python 3.7, as in Cerebras' container, which tra")
