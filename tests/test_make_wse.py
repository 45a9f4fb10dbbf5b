"""`make ... BACKEND=wse`: what runs, where, and that nothing is installed for it.

In a copy of the project in which train/run.py only tells how it was called; the wrappers are the
stand-ins of tests/wse/csrun.
"""

import shutil
import subprocess
import sys

import pytest

from tests.inputs import ROOT

CSRUN = ROOT / "tests" / "wse" / "csrun"
# What the Makefile and the scripts call, but no Python.
TOOLS = ("bash", "cat", "cmp", "dirname", "env", "ls", "make", "rm", "sh")
PROGRAM = """import os, sys
rank, tasks = os.environ.get("SLURM_PROCID"), os.environ.get("SLURM_STEP_NUM_TASKS")
print("task", rank, "of", tasks, *sys.argv[1:])
sys.exit(5 if "--fail" in sys.argv else 0)
"""
TRAIN = (
    *("--params", "configs/params_bert_base_sst2.yaml", "--model_dir", "runs/sst2-base"),
    *("--data_dir", "data/sst2/msl72", "--backend", "wse"),
)


@pytest.fixture
def checkout(tmp_path):
    """The project without an environment and with a program that only tells how it was called."""
    folder = tmp_path / "checkout"
    for name in ("shared", "configs", "tests/wse"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "wse.mk", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, folder)
    (folder / "train").mkdir()
    (folder / "train" / "run.py").write_text(PROGRAM)
    return folder


@pytest.fixture
def programs(tmp_path):
    """A folder to be the PATH: the tools, and a `python` that is that of the container."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in TOOLS:
        (folder / name).symlink_to(shutil.which(name))
    (folder / "python").symlink_to(sys.executable)
    return folder


def script(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)


@pytest.fixture
def make(checkout, programs, tmp_path):
    """A function: arguments -> the finished `make`, with or without wrappers on the PATH."""

    def run(*arguments, wrappers=True, **variables):
        # A login node's Python: no package in it, and no 3.7.
        given = {"PYTHON": f"{sys.executable} -S", **variables}
        found = subprocess.run(
            ["make", *arguments, "BACKEND=wse", *(f"{k}={v}" for k, v in given.items())],
            cwd=checkout,
            env={
                "PATH": f"{CSRUN}:{programs}" if wrappers else str(programs),
                "HOME": str(tmp_path),
                "PYENV_ROOT": str(tmp_path / "no pyenv"),
                "CSRUN_LOG": str(tmp_path / "log"),
            },
            capture_output=True,
            text=True,
        )
        assert not list(checkout.glob(".venv*"))
        return found

    return run


@pytest.fixture
def logged(tmp_path):
    """A function that returns what the wrapper was called with, and forgets it."""

    def read():
        path = tmp_path / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    return read


@pytest.mark.parametrize(
    "target, arguments, expected",
    [
        ("compile", "", ("csrun_cpu", "train", "--compile_only")),
        ("compile", "--validate_only", ("csrun_cpu", "train")),
        ("train", "", ("csrun_wse", "train")),
        ("train", "--validate_only", ("csrun_cpu", "train")),
        ("train", "--compile_only", ("csrun_cpu", "train")),
        ("eval", "", ("csrun_cpu", "eval")),
        ("eval_all", "", ("csrun_cpu", "eval_all")),
        ("train_and_eval", "", ("csrun_cpu", "train_and_eval")),
    ],
)
def test_the_wrapper_of_each_target(make, logged, target, arguments, expected):
    found = make(target, ARGS=arguments)
    assert found.returncode == 0, found.stderr
    wrapper, mode, *more = expected
    command = ["python", "-m", "train.run", "--mode", mode, *more, *TRAIN, *arguments.split()]
    assert logged() == [wrapper, *command]


def test_one_worker_feeds_a_prediction(make, logged):
    assert make("predict").returncode == 0
    options = ["csrun_wse", "--total-nodes", "2", "--tasks-per-node", "1"]
    assert logged() == [*options, "python", "-m", "train.run", "--mode", "predict", *TRAIN]


def test_every_variable_reaches_the_command(make, logged):
    variables = {
        "TASK": "mnli", "MODEL": "large", "DATA_DIR": "/lustre/data", "MODEL_DIR": "/lustre/run 1",
        "CHECKPOINT": "bert large/", "CS_IP": "10.0.0.1", "CSRUN_ARGS": "--total-nodes=3 --cyclic",
        "MOUNT_DIRS": "/lustre,/my data", "CS_PYTHON": sys.executable, "ARGS": "--max_steps 5",
    }  # fmt: skip
    assert make("train", **variables).returncode == 0
    assert logged() == [
        *("csrun_wse", "--mount-dirs=/lustre,/my data", "--total-nodes=3", "--cyclic"),
        *(sys.executable, "-m", "train.run", "--mode", "train"),
        *("--params", "configs/params_bert_large_mnli.yaml", "--model_dir", "/lustre/run 1"),
        *("--data_dir", "/lustre/data/mnli/msl448", "--backend", "wse", "--cs_ip", "10.0.0.1"),
        *("--checkpoint_path", "bert large/", "--max_steps", "5"),
    ]


def test_dry_run_prints_the_command_and_runs_nothing(make, logged):
    found = make("train", ARGS="--dry_run --max_steps 5", MOUNT_DIRS="/a,/b")
    assert found.stdout == (
        'csrun_wse --mount-dirs="/a,/b" python -m train.run --mode train '
        '--params "configs/params_bert_base_sst2.yaml" --model_dir "runs/sst2-base" '
        '--data_dir "data/sst2/msl72" --backend wse --max_steps 5\n'
    )
    assert logged() == []


@pytest.mark.parametrize("target", ["train", "compile", "predict"])
def test_help_needs_no_dataset_and_no_cs_system(make, logged, target):
    assert make(target, ARGS="--help", TASK="nowhere", PYTHON="no-such-python").returncode == 0
    wrapper, *command = logged()
    assert wrapper == "csrun_cpu" and command[-1] == "--help"


def test_every_task_runs_the_program(make):
    lines = make("train", CSRUN_ARGS="--total-nodes 2 --tasks-per-node 3").stdout.splitlines()
    expected = " ".join(["--mode", "train", *TRAIN])
    assert sorted(lines) == [f"task {rank} of 4 {expected}" for rank in range(4)]


def test_a_task_that_fails_ends_the_run(make):
    found = make("train", ARGS="--fail")
    assert found.returncode == 2 and "Error 5" in found.stderr


def test_the_dataset_may_be_named_where_there_is_no_python(make, logged):
    found = make("compile", PYTHON="no-such-python")
    assert found.returncode == 2 and "no dataset for TASK=sst2" in found.stderr
    assert logged() == []
    assert make("compile", PYTHON="no-such-python", DATASET="my data").returncode == 0
    assert "my data" in logged()


def test_without_wrappers_a_compile_takes_the_containers_tensorflow_if_it_can(make, programs):
    def command(target):
        (line,) = make(target, wrappers=False, ARGS="--dry_run").stdout.splitlines()
        return line.split(" --params")[0]

    assert command("compile") == ".venv/bin/python -m train.run --mode train --compile_only"
    script(programs / "python3.8", "echo 3.8\n")
    assert command("compile") == ".venv-wse/bin/python -m train.run --mode train --compile_only"
    assert command("train") == ".venv/bin/python -m train.run --mode train"


def find_python(programs, *versions, **environment):
    return subprocess.run(
        [ROOT / "tests/wse/find_python.sh", *versions],
        env={"PATH": str(programs), "PYENV_ROOT": "/nowhere", **environment},
        capture_output=True,
        text=True,
    )


def test_a_python_is_one_that_works(programs, tmp_path):
    script(programs / "python3.7", "echo 'pyenv: python3.7: command not found'; exit 127\n")
    assert find_python(programs, "3.7", "3.8").returncode == 1
    of_pyenv = tmp_path / "versions" / "3.8.18" / "bin"
    of_pyenv.mkdir(parents=True)
    script(of_pyenv / "python", "echo 3.8\n")
    found = find_python(programs, "3.7", "3.8", PYENV_ROOT=str(tmp_path))
    assert found.stdout == f"{of_pyenv}/python\n"
    script(programs / "python3.7", "echo 3.7\n")
    found = find_python(programs, "3.7", "3.8", PYENV_ROOT=str(tmp_path))
    assert found.stdout == f"{programs}/python3.7\n"


def test_python37_is_the_only_one_looked_at(programs, tmp_path):
    script(programs / "python3.7", "echo 3.7\n")
    mine = tmp_path / "mine"
    script(mine, "echo 3.8\n")
    assert find_python(programs, "3.7", "3.8", PYTHON37=str(mine)).stdout == f"{mine}\n"
    script(mine, "echo 3.9\n")
    assert find_python(programs, "3.7", "3.8", PYTHON37=str(mine)).returncode == 1


@pytest.mark.parametrize(
    "environment, error",
    [
        ({"WSE_FALLBACK": "no"}, "no Python 3.7 or 3.8 is on the PATH or in pyenv"),
        ({}, "no Python 3.7 to 3.11 is on the PATH or in pyenv"),
        ({"PYTHON37": "/no/python"}, "PYTHON37=/no/python is no working Python 3.7 or 3.8"),
    ],
)
def test_without_a_python_there_is_no_environment(checkout, programs, environment, error):
    found = subprocess.run(
        [checkout / "tests/wse/environment.sh"],
        env={"PATH": str(programs), "PYENV_ROOT": "/nowhere", **environment},
        capture_output=True,
        text=True,
    )
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.startswith("error: " + error)


def test_the_fallback_is_told_first(checkout, programs):
    # Its venv module fails: what comes before is what matters here.
    script(programs / "python3.10", 'case "$1" in -c) echo 3.10 ;; -m) exit 9 ;; esac\n')
    found = subprocess.run(
        [checkout / "tests/wse/environment.sh"],
        env={"PATH": str(programs), "PYENV_ROOT": "/nowhere"},
        capture_output=True,
        text=True,
    )
    assert found.returncode == 9
    assert found.stderr.startswith("NOT the container's versions: no Python 3.7 or 3.8")


def test_csrun_refuses_options_it_does_not_have():
    for name in ("csrun_cpu", "csrun_wse"):
        found = subprocess.run([CSRUN / name, "--nodes", "2", "true"], capture_output=True)
        assert found.returncode == 1 and b"unknown option --nodes" in found.stderr


@pytest.mark.parametrize("variable", ["DATA_DIR", "MODEL_DIR", "CHECKPOINT"])
def test_a_store_is_refused_in_one_line(make, logged, variable):
    found = make("train", **{variable: "s3://bucket/d"})
    assert found.returncode == 2 and logged() == []
    (line,) = found.stderr.splitlines()
    assert "copy what is in a store to one, and give that" in line
