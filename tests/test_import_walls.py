"""Who may import whom: rules on folders, and why each wall stands."""

import ast
import functools
import sys
from typing import NamedTuple

import pytest

from tests.inputs import ROOT

OURS = {"shared", "preprocess", "train", "inference", "demo", "bench", "tests", "tools"}


class Wall(NamedTuple):
    """No file of `folder` imports a module of `forbidden` (dotted prefixes)."""

    folder: str
    forbidden: tuple
    why: str


WALLS = [
    Wall("shared", ("preprocess", "train"), "it is the contract that both programs stand on"),
    Wall("preprocess", ("train",), "the two programs share files on disk, never code"),
    Wall("train", ("preprocess",), "the two programs share files on disk, never code"),
    Wall("train/gpu", ("train.wse",), "each backend stands alone; what both need goes below them"),
    Wall("train/wse", ("train.gpu", "train.modes"), "it runs in a container that has no other"),
    *(
        Wall(f"train/{room}", ("train.gpu", "train.wse"), "it is the same on every backend")
        for room in ("model", "optim", "data", "checkpoints", "pretrained", "scoring")
    ),
    *(
        Wall(folder, ("inference",), "it stands above them and uses both")
        for folder in ("shared", "preprocess", "train")
    ),
    *(
        Wall(folder, ("demo", "bench", "tests"), "programs do not need what tries them out")
        for folder in ("shared", "preprocess", "train", "inference")
    ),
]
# What Cerebras' container holds, for the modules that run there.
CONTAINER = {"numpy", "tensorflow", "yaml"}
# What a module imports only in a function that the container's way does not call: to write a
# Hugging Face folder or a page, or to read from a store, which wse refuses. That it reads such a
# folder without is tested in tests/train/test_pretrained.py, and that folders need no library of a
# store in tests/remote/test_data.py.
NOT_CALLED_IN_CONTAINER = {
    "train/pretrained/huggingface.py": {"safetensors"},
    "shared/page/render.py": {"jinja2", "markupsafe"},
    "shared/remote/store.py": {"fsspec", "aiohttp"},
}
# The one file that may import Cerebras' package.
OF_CEREBRAS = "train/wse/estimator.py"


@functools.lru_cache(maxsize=None)  # each file is behind several walls
def imports(path):
    """The dotted names of all modules and members that a file imports."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def packages(path):
    return {name.split(".")[0] for name in imports(path)}


def files(folder):
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found
    return found


def is_below(name, prefix):
    return name == prefix or name.startswith(prefix + ".")


@pytest.mark.parametrize("wall", WALLS, ids=lambda wall: f"{wall.folder}|{wall.forbidden[0]}")
def test_a_wall_stands(wall):
    broken = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files(wall.folder)
        for name in imports(path)
        if any(is_below(name, prefix) for prefix in wall.forbidden)
    ]
    assert not broken, f"{'; '.join(broken)}: {wall.folder}/ must not, because {wall.why}"


def test_every_folder_of_code_is_known():
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert folders == OURS


def test_the_container_path_needs_only_what_the_container_has():
    for path in [*files("shared"), *files("train")]:
        name = str(path.relative_to(ROOT))
        foreign = packages(path) - CONTAINER - {"shared", "train"} - sys.stdlib_module_names
        foreign -= NOT_CALLED_IN_CONTAINER.get(name, set())
        foreign -= {"cerebras"} if name == OF_CEREBRAS else set()
        assert not foreign, f"{name} imports {foreign}, which Cerebras' container does not have"


def test_one_file_imports_cerebras_package():
    found = {
        str(path.relative_to(ROOT))
        for folder in ("shared", "preprocess", "train", "demo", "bench")
        for path in files(folder)
        if "cerebras" in packages(path)
    }
    assert found == {OF_CEREBRAS}
