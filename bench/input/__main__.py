"""From our records to batches: the speed, compared with other programs and the machine's limits.

python -m bench.input --data_dir <dataset folder, such as data/sst2/msl128> [--skip_peers]
"""

import argparse
import json
import os
import statistics
import sys

from bench import child
from bench.peers import environment as peers
from bench.table import markdown
from shared.arguments import Parser
from shared.errors import UserError, exit_code
from shared.manifest_file import read_manifest
from shared.tasks import TRAIN_SPLIT

_ROUNDS = 5
_QUIET = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"}
_SMALLEST_EPOCH = 100  # batches; fewer are too short to time
# Measured earlier; it tokenizes in Python during training.
_SEED = ("the Model Zoo classifier's input pipeline, tokenizing in Python (from another run)",
         3_000, 4_700)  # fmt: skip
# {name in bench/input/ours.py: name in the table}
_OURS = {
    "ours": "train_input_fn in memory, trimmed: what a training uses",
    "ours untrimmed": "train_input_fn in memory, every batch as long as the records",
    "gather": "index gather from the same arrays, nothing else (limit in memory)",
    "ours streamed": "train_input_fn streamed, shuffled and checked",
    "ours streamed in order": "the same with shuffle: false",
    "ours streamed unchecked": "the same with shuffle, only parse_example: no checks, no trimming",
    "parse": "TFRecordDataset, batch, parse_example: no shuffling, no checks",
    "parse in parallel": "the same with parallel calls and prefetch",
    "read": "TFRecordDataset, batch, no parsing (limit of streaming)",
}
_PEER = "Hugging Face datasets (Arrow in memory, torch) + DataLoader, the best of 0 and 2 workers"


def main(arguments: list) -> None:
    asked = _parser().parse_args(arguments)
    manifest = read_manifest(asked.data_dir)
    _check_size(asked, manifest.splits[TRAIN_SPLIT].examples)
    peers_python = None if asked.skip_peers else asked.peers_python
    if peers_python:
        peers.check(peers_python, "datasets", "torch")
        _write_rows(asked)
    seconds = {}  # {name: seconds per row, of each round}
    for number in range(1, _ROUNDS + 1):
        found_now, start = _round(asked, peers_python)
        for name, of_row in found_now.items():
            seconds.setdefault(name, []).append(of_row)
            print(f"round {number} of {_ROUNDS}, {name}: {1 / of_row:,.0f} examples/s")
    print(_report(seconds, start))


def _check_size(asked: argparse.Namespace, examples: int) -> None:
    least = _SMALLEST_EPOCH * asked.batch_size
    if examples < least:
        raise UserError(
            f"{asked.data_dir} has {examples} training examples, expected {least} or more for "
            f"batches of {asked.batch_size}; use a larger dataset, or a smaller --batch_size"
        )


def _round(asked: argparse.Namespace, peers_python: "str | None") -> "tuple[dict, dict]":
    """({name: seconds per row}, {name: seconds to create our tf.data.Dataset})."""
    ours = _json(
        sys.executable, "bench.input.ours", asked.data_dir, str(asked.batch_size), **_QUIET
    )
    of_row = {_OURS[name]: time / ours["rows"] for name, time in ours["seconds"].items()}
    if peers_python:
        theirs = _json(
            peers_python,
            "bench.peers.input",
            _rows_path(asked),
            str(asked.batch_size),
            **peers.ENVIRONMENT,
        )
        of_row[_PEER] = min(theirs["seconds"].values()) / theirs["rows"]
    return of_row, ours["start"]


def _write_rows(asked: argparse.Namespace) -> None:
    """Writes the input of the peers."""
    os.makedirs(asked.work_dir, exist_ok=True)
    command = [sys.executable, "-m", "bench.input.rows", asked.data_dir, _rows_path(asked)]
    child.run(command, **_QUIET)


def _rows_path(asked: argparse.Namespace) -> str:
    return os.path.join(asked.work_dir, "rows.npz")


def _json(python: str, module: str, *arguments: str, **environment: str) -> dict:
    return json.loads(child.run([python, "-m", module, *arguments], **environment).output)


def _report(seconds: "dict[str, list]", start: dict) -> str:
    """Args: seconds, per row, of each round; start, seconds to create our datasets."""
    ours, gather = _OURS["ours"], _OURS["gather"]
    streamed, parse = _OURS["ours streamed"], _OURS["parse"]
    in_order = _OURS["ours streamed in order"]
    lines = [
        [name, _rate(of_rows), _ratio(seconds, ours, name), _ratio(seconds, streamed, name)]
        for name, of_rows in seconds.items()
    ]
    lines.append(_seed_line(seconds[ours], seconds[streamed]))
    header = [
        "from records to batches",
        "examples/s",
        "speed-up of in memory",
        "speed-up of streamed",
    ]
    return (
        f"\nmedians of {_ROUNDS} rounds\n\n{markdown(header, lines)}\n\n"
        f"compared with the limits: in memory {_ratio(seconds, ours, gather)} of the bare gather, "
        f"streamed {_ratio(seconds, streamed, parse)} of the bare parse "
        f"({_ratio(seconds, in_order, parse)} with shuffle: false)\n"
        f"before the first batch: {start['ours']:.2f} s in memory, to parse all records once, "
        f"{start['ours streamed']:.2f} s streamed"
    )


def _rate(of_rows: list) -> str:
    return f"{1 / statistics.median(of_rows):,.0f}"


def _ratio(seconds: dict, ours: str, other: str) -> str:
    """How much faster ours was in the same round; the median over the rounds."""
    pairs = zip(seconds[ours], seconds[other], strict=True)
    return f"{statistics.median(theirs / own for own, theirs in pairs):.2f}x"


def _seed_line(ours: list, streamed: list) -> "list[str]":
    name, slowest, fastest = _SEED
    rates = [1 / statistics.median(own) for own in (ours, streamed)]
    ratios = [f"{rate / fastest:,.0f}x - {rate / slowest:,.0f}x" for rate in rates]
    return [name, f"{slowest:,} - {fastest:,}", *ratios]


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m bench.input",
        description="Measures our input_fn on the train split of a dataset.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--data_dir", required=True, help="the dataset folder, which holds manifest.json")
    add("--batch_size", type=int, default=256, help="rows in a batch")
    add("--work_dir", default="build/bench", help="for the peers' input")
    add("--peers_python", default=peers.DEFAULT_PYTHON, help="see bench/README.md")
    add("--skip_peers", action="store_true", help="skip what needs --peers_python")
    return parser


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
