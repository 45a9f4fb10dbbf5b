import subprocess
import sys

import pytest

from tests.inputs import ROOT
from tools import python_version


@pytest.mark.parametrize("version", [(3, 10), (3, 13)])
def test_what_is_taken(version):
    assert python_version.complaint("python3", version) is None


@pytest.mark.parametrize("version", [(2, 7), (3, 9), (3, 14), (4, 0)])
def test_what_is_refused(version):
    assert python_version.complaint("my python", version) == (
        "error: Python 3.10 to 3.13 is required, my python is {}.{}; "
        "give one with PYTHON=python3.12"
    ).format(*version)


def test_it_agrees_with_pyproject():
    (_, oldest), (major, newest) = python_version.OLDEST, python_version.NEWEST
    stated = f'requires-python = ">={major}.{oldest},<{major}.{newest + 1}"'
    assert stated in (ROOT / "pyproject.toml").read_text()


def test_the_program():
    command = [sys.executable, "tools/python_version.py", "python3"]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (finished.returncode, finished.stderr) == (0, "")


def test_an_old_python_can_read_it():
    find = ["tests/wse/find_python.sh", "3.6", "3.7", "3.8", "3.9"]
    found = subprocess.run(find, cwd=ROOT, capture_output=True, text=True).stdout.strip()
    if not found:
        pytest.skip("needs a Python before 3.10")
    command = [found, "tools/python_version.py", "old one"]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert finished.returncode == 1 and "is required, old one is 3." in finished.stderr
