"""Our training step compared with PyTorch's, with transformers: ratios, and where time goes.

python -m bench.train --data_dir <dataset folder of SST-2, MSL 128> [--only step,epoch,first,growth]
"""

import argparse
import json
import math
import os
import statistics
import sys

import numpy as np

from bench import child
from bench.peers import environment as peers
from bench.table import markdown
from bench.train import first_step
from shared.arguments import Parser
from shared.config import ModelConfig
from shared.errors import exit_code
from train.model import flops
from train.model.processor import has_bfloat16

_SIZES = ("hidden_size", "num_hidden_layers", "num_heads", "filter_size")
# The first four layers of BERT-base: enough to be representative, and fast.
_BASE = dict(zip(_SIZES, (768, 4, 12, 3072), strict=True))
_MINILM = dict(zip(_SIZES, (384, 6, 12, 1536), strict=True))
_TINY = dict(zip(_SIZES, (128, 2, 2, 512), strict=True))
_VOCABULARY = 30522
_SHAPE = (32, 72)
_BATCH = 32
_PEAK_SIZE = 2048
# Of the 2,104 steps of an epoch of SST-2, this many at each of these places.
_PLACES, _STEPS_AT_PLACE = (3, 500, 1000, 1500, 2000), 20
_RECIPE = {"peak_rate": 5e-5, "steps": 2104, "warm_up": 210, "seed": 1}
_TRIMMED, _UNTRIMMED, _GROUPED = "ours, trimmed", "ours, untrimmed", "ours, grouped by length"
_NO_BFLOAT16 = "skipped: no instructions for it"
_PYTORCH = "PyTorch, dynamic padding, the batches of `trimmed`"


def main(arguments: list) -> None:
    asked = _parser().parse_args(arguments)
    os.makedirs(asked.work_dir, exist_ok=True)
    if {"step", "epoch"} & set(asked.only):
        peers.check(asked.peers_python, "torch", "transformers")
    tables = {"step": _steps, "epoch": _epoch, "first": _first, "growth": _growth}
    for name in asked.only:
        print(f"\n{tables[name](asked)}\n", flush=True)


class _Programs:
    """Runs jobs of bench/train/ours.py and bench/peers/train.py, each in a separate process."""

    def __init__(self, asked: argparse.Namespace):
        self._asked = asked

    def ours(self, **job) -> "tuple[dict, int]":
        """(what the job prints, the process's peak bytes)."""
        defaults = {"data": None, "padding": "trimmed", "shape": None, "peak_of": None}
        return self._run(sys.executable, "bench.train.ours", child.QUIET, {**defaults, **job})

    def pytorch(self, **job) -> dict:
        environment = peers.ENVIRONMENT
        return self._run(self._asked.peers_python, "bench.peers.train", environment, job)[0]

    def _run(self, python, module, environment, job):
        path = os.path.join(self._asked.work_dir, "job.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({**_RECIPE, **job}, file)
        finished = child.run_undisturbed([python, "-m", module, path], **environment)
        return json.loads(finished.output.splitlines()[-1]), finished.peak_bytes


def _steps(asked: argparse.Namespace) -> str:
    """BERT-base sizes, all batches of one shape."""
    programs, rows, tokens = _Programs(asked), *_SHAPE
    batches = os.path.join(asked.work_dir, "fixed.npz")
    timed = [[3, 13]]
    ids = np.random.RandomState(1).randint(1000, 30000, (rows * timed[-1][1], tokens))
    labels = np.zeros(len(ids), np.int64)
    np.savez(batches, ids=ids, lengths=np.full(len(ids), tokens), labels=labels, batch_size=rows)
    runs = {}
    for number in range(asked.rounds):
        for precision in ("float32", "bfloat16"):
            job = {"bfloat16": precision == "bfloat16", "timed": timed}
            ours, _ = programs.ours(model=_ours(_BASE), shape=_SHAPE, peak_of=_PEAK_SIZE, **job)
            count = rows * (timed[0][1] - timed[0][0])
            rates = [count / ours["seconds"][0], math.nan]
            if precision == "float32" or has_bfloat16():
                theirs = programs.pytorch(model=_theirs(_BASE), data=batches, **job)
                rates[1] = count / theirs["seconds"][0]
            alone = rows / ours["products"]
            runs.setdefault(precision, []).append((*rates, ours["peak"], alone))
            print(f"round {number + 1}, {precision}: {rates[0]:.1f} {rates[1]:.1f}", flush=True)
    model = ModelConfig(**_ours(_BASE), num_cls_classes=2)
    operations = flops.train(model, rows, tokens) / rows
    lines = [_step_line(precision, found, operations) for precision, found in runs.items()]
    header = [f"BERT-base sizes, 4 layers, {rows} x {tokens}", "ours, examples/s", "PyTorch",
              "ratio", "ratio of products alone", "ours, GFLOP/s", "peak of products",
              "share"]  # fmt: skip
    return markdown(header, lines)


def _step_line(precision, runs, operations):
    """Args: runs, (our rate, PyTorch's or NaN, peak, the rate of our products alone) of each round;
    operations, of an example.
    """
    ours, theirs, peak, _ = (statistics.median(column) for column in zip(*runs, strict=True))
    ratio = statistics.median(a / b for a, b, *_ in runs)
    bound = statistics.median(alone / b for _, b, _, alone in runs)
    share = statistics.median(a * operations / c for a, _, c, _ in runs)
    beside = [f"{theirs:.1f}", f"{ratio:.2f}", f"{bound:.2f}"]
    if math.isnan(theirs):
        beside = [_NO_BFLOAT16, "", ""]
    return [precision, f"{ours:.1f}", *beside, f"{ours * operations / 1e9:,.0f}",
            f"{peak / 1e9:,.0f}", f"{share:.0%}"]  # fmt: skip


def _epoch(asked: argparse.Namespace) -> str:
    """Parts of an epoch of SST-2."""
    programs, batches = _Programs(asked), os.path.join(asked.work_dir, "batches.npz")
    child.run([sys.executable, "-m", "bench.train.batches", asked.data_dir, str(_BATCH),
               str(_RECIPE["seed"]), batches], **child.QUIET)  # fmt: skip
    timed = [[place, place + _STEPS_AT_PLACE] for place in _PLACES]
    common = {"bfloat16": True, "timed": timed}
    turn = {
        _TRIMMED: lambda: _ours_on(programs, asked, "trimmed", common),
        _UNTRIMMED: lambda: _ours_on(programs, asked, "untrimmed", common),
        _GROUPED: lambda: _ours_on(programs, asked, "grouped", common),
        _PYTORCH: lambda: programs.pytorch(model=_theirs(_MINILM), data=batches, **common),
    }
    if not has_bfloat16():
        del turn[_PYTORCH]
    count, runs = _BATCH * _STEPS_AT_PLACE * len(_PLACES), {}
    for number in range(asked.rounds):
        for name, run in turn.items():
            found = run()
            found["rate"] = count / sum(found["seconds"])
            runs.setdefault(name, []).append(found)
            print(f"round {number + 1}, {name}: {found['rate']:.1f} examples/s", flush=True)
    return _epoch_table(runs)


def _ours_on(programs, asked, padding, common):
    found, _ = programs.ours(model=_ours(_MINILM), data=asked.data_dir, padding=padding, **common)
    return found


def _epoch_table(runs):
    def ratio(name, other):
        if other not in runs:
            return ""
        pairs = zip(runs[name], runs[other], strict=True)
        return f"{statistics.median(a['rate'] / b['rate'] for a, b in pairs):.2f}"

    lines = [
        [name, f"{found[0]['tokens']:.1f}" if "tokens" in found[0] else "",
         f"{statistics.median(run['rate'] for run in found):.1f}",
         ratio(name, _PYTORCH), ratio(name, _UNTRIMMED)]
        for name, found in runs.items()
    ]  # fmt: skip
    if _PYTORCH not in runs:
        lines.append([_PYTORCH, "", _NO_BFLOAT16, "", ""])
    header = ["MiniLM sizes, SST-2, batch 32, bfloat16", "mean S", "examples/s", "to PyTorch",
              "to untrimmed"]  # fmt: skip
    return markdown(header, lines)


def _first(asked: argparse.Namespace) -> str:
    """From the start of the program to the end of the first step."""
    command = [sys.executable, "-m", "bench.train.first_step", asked.data_dir]
    runs = [json.loads(child.run_undisturbed(command, **child.QUIET).output.splitlines()[-1])
            for _ in range(asked.rounds)]  # fmt: skip
    return first_step.table(runs)


def _growth(asked: argparse.Namespace) -> str:
    """The cost of a step by batch, length and model size."""
    programs, lines = _Programs(asked), []
    for model_name, sizes in (("tiny", _TINY), ("MiniLM", _MINILM), ("BERT-base, 4 layers", _BASE)):
        for shape in ((8, 64), (32, 64), (128, 64), (32, 16), (32, 128)):
            timed = [[3, 9]]
            found, peak = programs.ours(model=_ours(sizes), shape=shape, bfloat16=True, timed=timed)
            seconds = found["seconds"][0] / (timed[0][1] - timed[0][0])
            model = ModelConfig(**_ours(sizes), num_cls_classes=2)
            lines.append([f"{model_name}, {shape[0]} x {shape[1]}", f"{shape[0] / seconds:.1f}",
                          f"{seconds * 1e3:.0f}", f"{flops.train(model, *shape) / 1e9:.1f}",
                          f"{flops.train(model, *shape) / seconds / 1e9:,.0f}",
                          f"{peak / 2**20:,.0f}"])  # fmt: skip
            print(" ".join(lines[-1]), flush=True)
    header = ["bfloat16, batch x length", "examples/s", "ms a step", "GFLOP a step", "GFLOP/s",
              "peak MiB"]  # fmt: skip
    return markdown(header, lines)


def _ours(sizes: dict) -> dict:
    """Fields of ModelConfig."""
    return {**sizes, "vocab_size": _VOCABULARY}


def _theirs(sizes: dict) -> dict:
    """Fields of transformers' BertConfig."""
    return {
        "vocab_size": _VOCABULARY,
        "hidden_size": sizes["hidden_size"],
        "num_hidden_layers": sizes["num_hidden_layers"],
        "num_attention_heads": sizes["num_heads"],
        "intermediate_size": sizes["filter_size"],
    }


def _tables(text: str) -> "list[str]":
    names, known = text.split(","), ("step", "epoch", "first", "growth")
    if set(names) - set(known):
        raise argparse.ArgumentTypeError(f"expected some of {','.join(known)}, found {text!r}")
    return names


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m bench.train",
        description="Compares training steps with PyTorch and transformers.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--data_dir", required=True, help="SST-2's dataset folder at MSL 128")
    add("--only", type=_tables, default="step,epoch,first,growth", help="which tables")
    add("--rounds", type=int, default=3, help="the tables show medians of this many")
    add("--work_dir", default="build/bench", help="for jobs and batches")
    add("--peers_python", default=peers.DEFAULT_PYTHON, help="see bench/README.md")
    return parser


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
