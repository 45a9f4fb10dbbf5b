"""The Makefile: what `make help` names, and that ARGS=--help works with nothing else given."""

import os
import re
import subprocess
import sys

import pytest

from tests.inputs import ROOT

MAKEFILE = (ROOT / "Makefile").read_text() + (ROOT / "wse.mk").read_text()
HEADINGS = ("Set-up", "Data", "Train", "Use", "Checks", "Benchmarks", "Development")
# {target: how the usage begins that ARGS=--help prints}
USAGES = {
    **dict.fromkeys(("train", "train_and_eval", "eval", "eval_all"), "python -m train.run"),
    **dict.fromkeys(("predict", "quality", "compile"), "python -m train.run"),
    "convert": "python -m train.convert",
    "submission": "python -m train.submission",
    "classify": "python -m inference.classify",
    "export": "python -m inference.export",
    "report": "python -m inference.report",
    "vocab": "python -m preprocess.get_vocab",
    "data": "python -m preprocess.run",
    "verify": "python -m preprocess.verify",
    "inspect": "python -m preprocess.inspect_dataset",
    "bench-data": "python -m bench.data",
    "bench-input": "python -m bench.input",
    "bench-train": "python -m bench.train",
    "bench-classify": "python -m bench.classify",
    "bench-parity": "python -m bench.parity",
    "parity": "python -m bench.modelzoo",
    "check-gpu": "python -m bench.gpu",
}
# What has no program of its own, or pytest's.
WITHOUT_USAGE = {"help", "setup", "demo", "test", "test-long", "test-wse", "lint", "format", "lock"}


# How a make hands ARGS and the like down to one that runs below it.
OF_MAKE = {"MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "ARGS"}


def make(*arguments, program=sys.executable, **more):
    """The finished `make`; it takes the environment, but not what `make test` was given.

    Args: program, for the Python that recipes call; more, for the environment.
    """
    command = ["make", "--no-print-directory", "-o", ".venv/.ready", *arguments]
    command.append(f"VENV_PYTHON={program}")
    environment = {name: value for name, value in os.environ.items() if name not in OF_MAKE}
    environment.update(more)
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def public_targets():
    """All .PHONY targets of the Makefile; wse.mk's are steps on the way."""
    lines = MAKEFILE.replace("\\\n", " ")
    return re.search(r"^\.PHONY: (.*)", lines, re.MULTILINE).group(1).split()


@pytest.fixture(scope="module")
def shown():
    """(the lines of targets, the lines of variables, the headings) of `make help`."""
    verbs, variables = make("help").stdout.split("\nVariables", 1)
    named = dict(re.findall(r"^  make (\S+) +(\S.*)", verbs, re.MULTILINE))
    return named, dict(re.findall(r"^  ([A-Z]\S*) +(\S.*)", variables, re.MULTILINE)), verbs


def test_the_help_names_every_target(shown):
    targets = public_targets()
    assert sorted(shown[0]) == sorted(targets) and len(set(targets)) == len(targets)


def test_the_help_names_every_variable_once(shown):
    declared = re.findall(r"^([A-Z_0-9]+) \?=", MAKEFILE, re.MULTILINE)
    assert sorted(shown[1]) == sorted([*declared, "DATASET"])


def test_the_help_is_grouped(shown):
    assert tuple(re.findall(r"^\S.*", shown[2], re.MULTILINE)) == HEADINGS


def test_a_description_leaves_no_blank_in_its_variable():
    assert not re.findall(r"^[A-Z].*=.*[ \t]##", MAKEFILE, re.MULTILINE)


def test_every_target_has_a_usage_or_none():
    assert {*USAGES, *WITHOUT_USAGE} == set(public_targets())


@pytest.mark.parametrize("target", USAGES)
def test_help_needs_nothing_else(target, tmp_path):
    # No such dataset, no FROM, no weights, no peers' environment.
    given = ("TASK=nowhere", "MODEL=minilm", f"BENCH_VENV={tmp_path}/none", "ARGS=--help")
    finished = make(target, *given)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert finished.stdout.startswith(f"usage: {USAGES[target]} ")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("given, missing", [((), "FROM"), (("FROM=a",), "TO"), (("TO=b",), "FROM")])
def test_convert_says_what_is_missing(given, missing):
    finished = make("convert", *given)
    assert finished.returncode == 2
    assert f"{missing} is empty: give FROM=<checkpoint> and TO=<new folder>" in finished.stderr


def test_a_variable_becomes_an_option_where_it_has_a_value():
    def command(*given):
        return " ".join(make("-n", "data", *given).stdout.split(" -m ")[1].split())

    assert command() == 'preprocess.run --task "sst2" --data_dir "data"'
    own = command("DATA=train=a b.csv,test=c.csv", "TEXT=x,y", "LABEL=z", "MSL=16", "ARGS=-- --n 1")
    assert own == (
        'preprocess.run --task "sst2" --data_dir "data" --max_sequence_length "16" '
        '--data "train=a b.csv,test=c.csv" --text "x,y" --label "z" -- --n 1'
    )


ODD = """a$b $(TASK) $$ it's "x" `y` c\\d \\" é  z"""


@pytest.mark.parametrize(
    "target, names",
    [
        (
            "data",
            "TASK DATA_DIR DATA TEXT LABEL ID VALIDATION VOCAB GLUE_DIR TFDS_DATA_DIR BAD_ROWS MSL",
        ),
        ("verify", "DATASET"),
        ("vocab", "FROM"),
        ("convert", "FROM TO"),
        ("submission", "FROM TO"),
        ("train", "CONFIG MODEL_DIR DATASET CHECKPOINT SEEDS"),
    ],
)
@pytest.mark.parametrize("by", ["command line", "environment"])
def test_values_reach_the_program_as_typed(target, names, by):
    if by == "environment":
        names = names.replace("DATASET", "").split()
        finished = make(target, program="printf '<%s>\\n'", **dict.fromkeys(names, ODD))
    else:
        names = names.split()
        given = [f"{name}={ODD}" for name in names]
        finished = make(target, *given, program="printf '<%s>\\n'")
    assert finished.stdout.count(f"<{ODD}>\n") == len(names)
    assert (finished.returncode, finished.stderr) == (0, "")


@pytest.mark.parametrize(
    "given, folder",
    [
        (("train",), "runs/sst2-base"),
        (("train", "MODEL=tiny", "TASK=rte"), "runs/rte-tiny"),
        (("train", "CONFIG=some/my.yaml"), "runs/sst2-my"),
        (("quality", "CONFIG=some/my.yaml"), "runs/sst2-my-quality"),
        (("eval", "CONFIG=some/my.yaml", "MODEL_DIR=x"), "x"),
    ],
)
def test_the_model_folder_follows_the_configuration(given, folder):
    assert f'--model_dir "{folder}" ' in make("-n", *given, "DATASET=d").stdout


@pytest.mark.parametrize("given", ["DATASET", "DATA_DIR", "MSL"])
def test_a_report_is_on_the_data_of_the_training_unless_other_data_is_given(given):
    assert "--data_dir" not in make("-n", "report", "TASK=rte", "MODEL_DIR=x").stdout
    assert "--data_dir" in make("-n", "report", "TASK=rte", "MODEL_DIR=x", f"{given}=8").stdout


@pytest.mark.parametrize("given", ["TASK", "DATASET", "DATA_DIR", "MSL", "CONFIG", "CHECKPOINT"])
def test_a_model_is_scored_on_its_own_data_unless_other_data_is_given(tmp_path, given):
    (tmp_path / "params.yaml").touch()
    for target in ("eval", "eval_all", "predict"):
        command = ("-n", target, f"MODEL_DIR={tmp_path}")
        assert "--data_dir" not in make(*command).stdout
        assert "--data_dir" in make(*command, f"{given}=8", "DATASET=d").stdout
    assert "--data_dir" in make("-n", "train", f"MODEL_DIR={tmp_path}").stdout
    (tmp_path / "params.yaml").unlink()
    assert "--data_dir" in make("-n", "eval", f"MODEL_DIR={tmp_path}").stdout


def test_a_model_is_used_with_its_own_configuration(tmp_path):
    folder = tmp_path / "a $run"
    folder.mkdir()
    (folder / "params.yaml").touch()
    given = (f"MODEL_DIR={folder}", "DATASET=d")

    def params(*arguments):
        finished = make(*arguments, *given, program="printf '<%s>\\n'")
        return finished.stdout.split("<--params>\n<")[1].split(">")[0]

    for target in ("eval", "eval_all", "predict"):
        assert params(target) == f"{folder}/params.yaml"
    assert params("eval", "CONFIG=other.yaml") == "other.yaml"
    assert params("train") == "configs/params_bert_base_sst2.yaml"
    (folder / "params.yaml").unlink()
    assert params("eval") == "configs/params_bert_base_sst2.yaml"


def test_the_folder_of_a_dataset_is_found_by_what_was_typed():
    finished = make("inspect", f"DATA_DIR={ODD}", program="printf '<%s>\\n'")
    assert f"<{ODD}/sst2/msl72>\n" in finished.stdout


@pytest.mark.parametrize(
    "given, meant",
    [
        ("CHECKPIONT=x", "CHECKPIONT: did you mean CHECKPOINT?"),
        ("Id=x", "Id: did you mean ID?"),
        ("WINDOWS=16", 'WINDOWS; an option of the program is given as ARGS="--windows ..."'),
    ],
)
def test_an_unknown_variable_is_refused(given, meant):
    finished = make("-n", "data", "ID=n", given)
    assert finished.returncode == 2 and finished.stdout == ""
    assert f"*** there is no variable {meant}.  Stop." in finished.stderr


def test_a_variable_of_the_environment_that_is_none_of_ours_changes_nothing():
    assert make("help", VENV="/nowhere", READY="x", quote="y", train="z").returncode == 0
    command = make("-n", "data", VENV="/nowhere", quote="y").stdout
    assert f'{sys.executable} -m preprocess.run --task "sst2" --data_dir "data"' in command
