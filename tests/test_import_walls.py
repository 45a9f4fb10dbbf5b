"""preprocess/ and train/ meet only on disk: neither may import the other, and shared/ neither."""

import ast

import pytest

from tests.inputs import ROOT

# {folder: packages of ours that it may import}
ALLOWED = {
    "shared": {"shared"},
    "preprocess": {"preprocess", "shared"},
    "train": {"train", "shared"},
    "demo": {"demo", "preprocess", "shared"},
}
# What Cerebras' container holds, for the modules that run there.
CONTAINER = {"numpy", "tensorflow", "yaml"}
NOT_IN_CONTAINER = {"train/gpu/estimator.py"}
# What a module imports only in a function that the container's way does not call: to write a
# Hugging Face folder. That it reads one without is tested in tests/train/test_pretrained.py.
NOT_CALLED_IN_CONTAINER = {"train/pretrained/huggingface.py": {"safetensors"}}


# The one file that may import Cerebras' package.
OF_CEREBRAS = "train/wse/estimator.py"


def imports(path):
    """The top-level names of all imports in a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module.split(".")[0]


def files(folder):
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found
    return found


@pytest.mark.parametrize("folder", ALLOWED)
def test_a_folder_imports_only_what_the_design_allows(folder):
    for path in files(folder):
        foreign = (set(imports(path)) & set(ALLOWED)) - ALLOWED[folder]
        assert not foreign, (
            f"{path.relative_to(ROOT)} imports {foreign}: the two programs share files on disk, "
            "never code; what both need belongs into shared/"
        )


def test_the_container_path_needs_only_what_the_container_has():
    import sys

    for path in [*files("shared"), *files("train")]:
        name = str(path.relative_to(ROOT))
        if name in NOT_IN_CONTAINER:
            continue
        foreign = set(imports(path)) - CONTAINER - {"shared", "train"} - sys.stdlib_module_names
        foreign -= NOT_CALLED_IN_CONTAINER.get(name, set())
        foreign -= {"cerebras"} if name == OF_CEREBRAS else set()
        assert not foreign, f"{name} imports {foreign}; the container has not"


def test_one_file_imports_cerebras_package():
    found = {
        str(path.relative_to(ROOT))
        for folder in ALLOWED
        for path in files(folder)
        if "cerebras" in imports(path)
    }
    assert found == {OF_CEREBRAS}
