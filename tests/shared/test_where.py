import os
import subprocess
import sys

import pytest

from shared import where
from shared.errors import UserError
from tests.inputs import ROOT


@pytest.mark.parametrize(
    "task, length, expected",
    [
        ("sst2", "", "sst2/msl72"),
        ("sst2", "128", "sst2/msl128"),
        ("sst2", "0128", "sst2/msl128"),
        ("sst2", "1e2", "sst2/msl100"),
        ("sst2", "64.0", "sst2/msl64"),
        ("sst2", "16384", "sst2/msl16384"),
        ("mine", "", "mine/msl128"),
    ],
)
def test_folders(tmp_path, capsys, task, length, expected):
    (tmp_path / "mine").mkdir()
    where.main(str(tmp_path), task, length)
    assert capsys.readouterr().out == f"{tmp_path}/{expected}\n"


def make_datasets(data_dir, *names):
    for name in names:
        (data_dir / name).mkdir(parents=True)
        (data_dir / name / "manifest.json").write_text("{}")


@pytest.mark.parametrize(
    "names, expected",
    [(["sst2/msl64"], "msl64"), (["sst2/msl64", "sst2/msl128"], "msl72"), (["rte/msl64"], "msl72")],
)
def test_the_only_length_is_meant(tmp_path, capsys, names, expected):
    make_datasets(tmp_path, *names)
    where.main(str(tmp_path), "sst2")
    assert capsys.readouterr().out == f"{tmp_path}/sst2/{expected}\n"


def test_a_task_that_is_nowhere(tmp_path):
    with pytest.raises(UserError, match="unknown task 'sst-2': did you mean 'sst2'"):
        where.main(str(tmp_path), "sst-2")


def test_a_misspelt_task_of_ones_own(tmp_path):
    make_datasets(tmp_path, "tickets/msl64")
    (tmp_path / "tfds" / "glue").mkdir(parents=True)
    with pytest.raises(UserError) as error:
        where.main(str(tmp_path), "tikets")
    assert str(error.value).startswith("unknown task 'tikets': did you mean 'tickets'? Known: ax, ")
    assert "tfds" not in str(error.value)


@pytest.mark.parametrize("length", ["72x", "-8", "0", "12.5", "nan", "inf", "1e999"])
def test_a_length_that_is_no_number(tmp_path, length):
    with pytest.raises(UserError, match=f"MSL is '{length}', expected a number of tokens"):
        where.main(str(tmp_path), "sst2", length)


@pytest.mark.parametrize("length", ["16385", "1000000000", "99999999999999999999"])
def test_a_length_that_no_memory_holds(tmp_path, length):
    with pytest.raises(UserError, match=f"MSL is {length}, expected at most 16,384 tokens .*GB"):
        where.main(str(tmp_path), "sst2", length)


def test_the_lengths_of_a_task(tmp_path):
    make_datasets(tmp_path, "t/msl128", "t/msl64", "t/mslx", "t/msl1.incomplete-a", "u/msl8")
    (tmp_path / "t" / "msl16").mkdir()
    assert where.lengths(str(tmp_path), "t") == [64, 128]


def test_the_home_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    where.main("~/data", "sst2")
    assert capsys.readouterr().out == f"{tmp_path}/data/sst2/msl72\n"


def run_bare(python, *arguments):
    """The program with nothing but Python's own library."""
    command = [python, "-S", "-m", "shared.where", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_a_name_that_is_not_utf8():
    command = [sys.executable, "-m", "shared.where", b"d\xe9", "sst2"]
    assert subprocess.check_output(command, cwd=ROOT) == b"d\xe9/sst2/msl72\n"


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
