import os
import subprocess
import sys

import pytest

from shared import where
from shared.errors import UserError
from tests.inputs import ROOT


@pytest.mark.parametrize(
    "task, length, expected",
    [("sst2", "", "sst2/msl72"), ("sst2", "128", "sst2/msl128"), ("mine", "", "mine/msl128")],
)
def test_folders(tmp_path, capsys, task, length, expected):
    (tmp_path / "mine").mkdir()
    where.main(str(tmp_path), task, length)
    assert capsys.readouterr().out == f"{tmp_path}/{expected}\n"


def test_a_task_that_is_nowhere(tmp_path):
    with pytest.raises(UserError, match="unknown task 'sst-2': did you mean 'sst2'"):
        where.main(str(tmp_path), "sst-2")


def test_a_length_that_is_no_number(tmp_path):
    with pytest.raises(UserError, match="MSL is '72x', expected a number of tokens"):
        where.main(str(tmp_path), "sst2", "72x")


def run_bare(python, *arguments):
    """The program with nothing but Python's own library."""
    command = [python, "-S", "-m", "shared.where", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_it_needs_no_package():
    assert run_bare(sys.executable, "data", "sst2").stdout == "data/sst2/msl72\n"


def test_it_runs_on_the_python_of_a_login_node():
    find = ["tests/wse/find_python.sh", "3.6"]
    environment = {**os.environ, "PYTHON37": ""}
    python = subprocess.run(find, cwd=ROOT, env=environment, capture_output=True, text=True).stdout
    if not python:
        pytest.skip("needs Python 3.6")
    assert run_bare(python.strip(), "data", "sst2", "16").stdout == "data/sst2/msl16\n"
    mistake = run_bare(python.strip(), "data", "sst-2")
    assert (mistake.returncode, mistake.stdout) == (2, "")
    assert mistake.stderr.startswith("error: unknown task 'sst-2'")
