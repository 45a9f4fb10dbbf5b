"""What pip gets from the build backend, asked without pip and without a network."""

import shutil
import subprocess
import sys
import zipfile

import pytest

from tests.inputs import ROOT

PACKAGES = ("shared", "shared/config", "preprocess", "train", "train/gpu", "demo", "tests")
HOOK = "import sys; sys.path.insert(0, 'tools'); import editable_only; editable_only.{}"
# A folder of .pth files, as site-packages is one, and none of the environment's own (-S).
WITH_SITE = "import site, sys; site.addsitedir(sys.argv[1]); "


def python(folder, code, *arguments, options=()):
    command = [sys.executable, *options, "-c", code, *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """What the backend reads of the project, and empty packages."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "tools", folder / "tools")
    for name in PACKAGES:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").touch()
    return folder


@pytest.fixture(scope="module")
def site(checkout, tmp_path_factory):
    """The folder that holds what an editable install installs."""
    folder = tmp_path_factory.mktemp("site")
    finished = python(checkout, HOOK.format("build_editable(sys.argv[1])"), folder)
    assert finished.returncode == 0, finished.stderr
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


@pytest.mark.parametrize("hook", ["build_wheel", "build_sdist"])
def test_there_is_no_wheel(checkout, tmp_path, hook):
    finished = python(checkout, HOOK.format(f"{hook}(sys.argv[1])"), tmp_path)
    assert finished.returncode == 1
    (line,) = finished.stderr.splitlines()
    assert line.startswith("error: bert-classify is used from its checkout")
    assert "pip install --editable" in line
    assert not list(tmp_path.iterdir())


def test_pip_finds_the_backend():
    declared = (ROOT / "pyproject.toml").read_text()
    assert 'build-backend = "editable_only"\nbackend-path = ["tools"]\n' in declared


def imported(site, folder, code, *arguments):
    finished = python(folder, WITH_SITE + code, site, *arguments, options=["-S"])
    return finished.stdout.split()


def test_the_packages_are_seen_from_everywhere_and_nothing_else_is(checkout, site, tmp_path):
    code = "import shared.config, preprocess, train.gpu; print(train.gpu.__file__)"
    assert imported(site, tmp_path, code) == [str(checkout / "train" / "gpu" / "__init__.py")]
    code = "import importlib.util as u; print(*map(u.find_spec, ('demo', 'tests', 'tools')))"
    assert imported(site, tmp_path, code) == ["None"] * 3


def test_the_users_own_train_comes_first_until_the_checkout_does(checkout, site, tmp_path):
    (tmp_path / "train.py").touch()
    code = "import train; print(train.__file__)"
    assert imported(site, tmp_path, code) == [str(tmp_path / "train.py")]
    first = "sys.path.insert(0, sys.argv[2]); " + code
    assert imported(site, tmp_path, first, checkout) == [str(checkout / "train" / "__init__.py")]
