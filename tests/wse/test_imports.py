"""Every module that the wse backend may reach runs with what the container holds."""

import importlib

import pytest

from tests.wse.conftest import ROOT

# For current TensorFlow.
CURRENT = ("gpu", "loop", "step", "replicas", "summaries")


def modules():
    for folder in ("shared", "train"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            if not name.endswith("__init__") and name.rpartition(".")[2] not in CURRENT:
                yield name


@pytest.mark.parametrize("name", modules())
def test_it_is_imported(name):
    importlib.import_module(name)
