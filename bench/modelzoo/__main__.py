"""What differs between the Model Zoo's classifier and ours on the same rows, as a table.

python -m bench.modelzoo --modelzoo <checkout of github.com/Cerebras/modelzoo>

Theirs is its own run.py on TensorFlow 2.2.0, ours the backends cpu and wse. Each begins with the
weights that theirs drew; a training is then continued by the other program, either way.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from bench import child
from bench.modelzoo import inputs
from bench.modelzoo.inputs import BACKENDS, STEPS
from bench.table import markdown
from shared import quiet
from shared.arguments import Parser
from shared.errors import UserError, exit_code

_PROGRAM = "modelzoo/transformers/tf/bert/fine_tuning/classifier/run.py"
_NOTES = "RELEASE-NOTES.md"
_RELEASES = ("1.6.0", "1.6.1", "1.7.0", "1.7.1")
_KNOWN = f"release {', '.join(_RELEASES)}"
# wse runs on the stand-in for Cerebras' package; theirs must not see it.
_PATHS = {"cpu": ".", "wse": os.pathsep.join([".", "tests/wse/standin"])}


def main(arguments: list) -> None:
    asked = _parser().parse_args(arguments)
    if not asked.modelzoo:
        print(f"skipped: give a checkout of the Model Zoo, MODELZOO=<folder>: {_KNOWN}")
        return
    release = _release(asked.modelzoo)
    python = _container_python()
    if python is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        dataset = inputs.write(folder)
        _run_all(folder, dataset, os.path.abspath(asked.modelzoo), python)
        with quiet.native_stderr():
            from bench.modelzoo import differences

            rows = differences.rows(folder, dataset)
    print(f"\nModel Zoo {release} on TensorFlow 2.2.0\n")
    print(markdown(["largest difference", *BACKENDS], rows))
    print("\n* without the keys' biases, whose gradients are 0 but for rounding")


def _release(checkout: str) -> str:
    """The checkout's, such as 1.7.1; a UserError if it has not the program that is run here."""
    notes = os.path.join(checkout, _NOTES)
    if os.path.exists(os.path.join(checkout, _PROGRAM)) and os.path.exists(notes):
        with open(notes, encoding="utf-8") as file:
            found = re.search(r"^## Version (\S+)", file.read(), re.MULTILINE)
        if found and found.group(1) in _RELEASES:
            return found.group(1)
    raise UserError(
        f"MODELZOO={checkout} is no checkout of github.com/Cerebras/modelzoo, {_KNOWN}: expected "
        f"{_PROGRAM}, and that release first in {_NOTES}"
    )


def _container_python() -> "str | None":
    """Of .venv-wse, which is made where it is missing; None, with a line, where it cannot be."""
    finished = subprocess.run(
        ["tests/wse/environment.sh"],
        env={**os.environ, "WSE_FALLBACK": "no"},
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    if finished.returncode:
        print("skipped: the Model Zoo needs TensorFlow 2.2.0, which the lines above miss")
        return None
    return finished.stdout.strip()


def _run_all(folder: str, dataset: str, checkout: str, python: str) -> None:
    def theirs(*runs):
        _run("the Model Zoo's program", [python, "-m", "bench.modelzoo.theirs", checkout], runs)

    of_theirs, params = os.path.join(folder, "theirs"), os.path.join(folder, "params.yaml")
    run = ("--params", params, "--model_dir", of_theirs)
    theirs(
        ("parts", folder, dataset),
        ("--mode", "train", *run, "--max_steps", str(STEPS + 1)),
        ("--mode", "eval", *run),
        ("--mode", "predict", *run),
    )
    pythons = {"cpu": sys.executable, "wse": python}
    for backend in BACKENDS:
        own = os.path.join(folder, backend)
        _begin(of_theirs, 0, os.path.join(own, "run"))
        _begin(of_theirs, STEPS, os.path.join(own, "continued"))
        command = [pythons[backend], "-m", "bench.modelzoo.ours"]
        _run(
            f"ours on {backend}", command, _runs_of_ours(folder, dataset, backend), _PATHS[backend]
        )
        _begin(os.path.join(own, "run"), STEPS, os.path.join(own, "back"))
    back = [os.path.join(folder, backend, "back") for backend in BACKENDS]
    command = ("--mode", "train", "--params", params, "--max_steps", str(STEPS + 1))
    theirs(*((*command, "--model_dir", of_ours) for of_ours in back))


def _runs_of_ours(folder: str, dataset: str, backend: str) -> list:
    """The arguments of each run of train.run."""
    own, params = os.path.join(folder, backend), os.path.join(folder, "params.yaml")
    given = ("--params", params, "--data_dir", dataset, "--backend", backend)
    trained = os.path.join(folder, "theirs", f"model.ckpt-{STEPS + 1}")
    scored = (*given, "--model_dir", os.path.join(own, "scored"), "--checkpoint_path", trained)
    return [
        ("--mode", "train", *given, "--model_dir", os.path.join(own, "run")),
        ("--mode", "train", *given, "--model_dir", os.path.join(own, "continued"),
         "--max_steps", str(STEPS + 1)),
        ("--mode", "eval", *scored, "--split", "validation"),
        ("--mode", "predict", *scored, "--split", "validation"),
    ]  # fmt: skip


def _begin(source: str, step: int, target: str) -> None:
    """A model_dir of another's configuration and checkpoint of a step."""
    os.makedirs(target)
    name = f"model.ckpt-{step}"
    for file in os.listdir(source):
        if file == "params.yaml" or file.startswith(f"{name}."):
            shutil.copy(os.path.join(source, file), target)
    with open(os.path.join(target, "checkpoint"), "w", encoding="utf-8") as file:
        file.write(f'model_checkpoint_path: "{name}"\n')


def _run(who: str, command: list, runs, path: str = ".") -> None:
    """Args: command, which takes runs as JSON; path, for Python."""
    print(f"{who}: {len(runs)} runs", flush=True)
    try:
        child.run([*command, json.dumps(runs)], **{**child.QUIET, "PYTHONPATH": path})
    except RuntimeError as error:
        raise UserError(f"{who} failed: {error}") from None


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m bench.modelzoo",
        description="Runs the Cerebras Model Zoo's BERT classifier beside ours.",
    )
    parser.add_argument(
        "--modelzoo", type=os.path.expanduser, help=f"a checkout of the Model Zoo, {_RELEASES}"
    )
    return parser


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
