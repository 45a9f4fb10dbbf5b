"""Runs the proof on a GPU.

python -m bench.gpu [--all] [--only smoke,golden] [--small] [--out DIR] [--peers_python PYTHON]
                    [--list]
"""

import argparse
import functools
import os
import shutil
import subprocess
import sys
import tempfile

from bench.gpu import compared, runner
from bench.gpu.results import Results
from bench.gpu.row import SKIPPED, Row
from bench.gpu.steps import Step, steps
from bench.table import markdown
from shared.arguments import Parser
from shared.errors import FaultsFound, UserError, exit_code

_NO_PEERS = "no python3 has torch and transformers; --peers_python names one"


def main(arguments: list) -> None:
    asked = _parser().parse_args(arguments)
    known = steps(asked.small)
    if asked.list:
        lines = [[step.name, str(step.seconds), "--all" * step.is_long] for step in known]
        print(markdown(["step", "limit, s", "runs with"], lines))
        return
    chosen = _chosen(known, asked)
    if asked.out:
        os.makedirs(asked.out, exist_ok=True)
    results = Results(asked.out)
    with tempfile.TemporaryDirectory() as work:
        log = os.path.join(asked.out or work, "log.txt")
        for step in chosen:
            _run(step, asked.peers_python, work, log, results)
    compared.add(results)
    print(f"\n{results.table()}\n")
    if results.failed():
        raise FaultsFound(f"{results.failed()} rows failed")


def _run(step: Step, peers_python, work, log, results) -> None:
    python = _peers_python(peers_python) if step.is_peer else sys.executable
    skipped = step.skipped or ("" if python else _NO_PEERS)
    if skipped:
        results.add(step.name, Row("the whole step", skipped, SKIPPED))
        return
    placed = step._replace(
        job={**step.job, "work": work},
        environment={"XLA_CACHE": os.path.join(work, "xla"), **step.environment},
    )
    seconds = runner.run(placed, python, log, lambda row: results.add(step.name, row))
    results.add(step.name, Row("the whole step", f"{seconds:.1f} s"))


@functools.cache
def _peers_python(given) -> "str | None":
    """The given one, or the first python3 on the PATH that has both packages."""
    if given:
        return given
    folders = os.environ.get("PATH", "").split(os.pathsep)
    found = filter(None, (shutil.which("python3", path=folder) for folder in folders))
    return next(filter(_has_peers, dict.fromkeys(found)), None)


def _has_peers(python: str) -> bool:
    return not subprocess.run(
        [python, "-c", "import torch, transformers"], capture_output=True
    ).returncode


def _chosen(all_steps, asked) -> "list[Step]":
    names = [step.name for step in all_steps]
    unknown = sorted(set(asked.only or []) - set(names))
    if unknown:
        raise UserError(f"unknown step {', '.join(unknown)}; known steps: {', '.join(names)}")
    if asked.only:
        return [step for step in all_steps if step.name in asked.only]
    return [step for step in all_steps if asked.all or not step.is_long]


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m bench.gpu", description="Proves the trainer on a GPU. See docs/gpu.md."
    )
    add = parser.add_argument
    add("--all", action="store_true", help="the long steps, too")
    add("--only", type=lambda text: text.split(","), help="only these steps: smoke,golden")
    add("--small", action="store_true", help="sizes that a CPU runs in a minute or two")
    add("--out", default=os.environ.get("OUT"), help="folder for results.json, log.txt, table.md")
    add("--peers_python", help="has torch and transformers (the first python3 that has both)")
    add("--list", action="store_true", help="only list the steps")
    return parser


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
