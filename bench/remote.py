"""A dataset in a store beside one in a folder: how fast it is made, and how a training reads it.

python -m bench.remote --store <URL of an empty place> --tfds_data_dir <folder> [--rounds 5]

Each round makes both datasets of the same rows, and trains a small BERT on each: from the folder,
from the store with an empty cache, and once more with the copy that is then there.
"""

import argparse
import os
import re
import shutil
import statistics
import sys
from itertools import chain

from bench import child
from bench.child import Finished
from bench.data import inputs
from bench.table import markdown
from shared import vocab
from shared.arguments import Parser
from shared.errors import exit_code
from shared.remote import datasets, urls

_FOLDER, _STORE, _COPY = "folder", "store", "copy"
_MADE, _TRAINED, _RATE, _WAITED = (
    "rows/s: make data, the whole program",
    "examples/s: a training, the whole program",
    "examples/s: its steps alone",
    "% of the steps' time waited for input",
)
_DATASET = ("sst2", "msl128")


def main(arguments: list) -> None:
    asked = _parser().parse_args(arguments)
    urls.checked(asked.store)
    source = inputs.repeated(asked.tfds_data_dir, asked.rows, os.path.join(asked.work_dir, "large"))
    rounds = []
    for number in range(1, asked.rounds + 1):
        is_store_first = number % 2 == 0  # so that a drift of the machine's speed favours neither
        rounds.append(_round(asked, source, is_store_first))
        for (figure, place), value in rounds[-1].items():
            print(f"round {number} of {asked.rounds}, {place}: {value:,.1f} {figure}", flush=True)
    print(_report(rounds))
    sizes = datasets.sizes(_dataset(asked, _STORE))
    print(f"\n{sum(sizes.values()) / 1e6:,.1f} MB in {len(sizes)} objects are stored, and fetched")


def _round(asked: argparse.Namespace, source: inputs.Input, is_store_first: bool) -> dict:
    """{(figure, where the data is): value}."""
    shutil.rmtree(_path(asked, "cache"), ignore_errors=True)
    found = {}
    for place in (_STORE, _FOLDER) if is_store_first else (_FOLDER, _STORE):
        found[_MADE, place] = source.rows / _make(asked, source, place).seconds
    for place in (_STORE, _COPY, _FOLDER) if is_store_first else (_FOLDER, _STORE, _COPY):
        run = _train(asked, place)
        finished = re.search(r"with ([\d,]+) samples in .*, ([\d,.]+) samples/s", run.output)
        samples, rate = (float(text.replace(",", "")) for text in finished.groups())
        found[_TRAINED, place] = samples / run.seconds
        found[_RATE, place] = rate
        found[_WAITED, place] = float(re.search(r"s for it \(([\d.]+)%\)", run.output).group(1))
    return found


def _make(asked: argparse.Namespace, source: inputs.Input, place: str) -> Finished:
    return _program(
        asked,
        "preprocess.run",
        ["--overwrite"],
        task=inputs.TASK.name,
        tfds_data_dir=source.tfds_data_dir,
        data_dir=_data_dir(asked, place),
        vocab_file=asked.vocab_file,
        max_sequence_length="128",
    )


def _train(asked: argparse.Namespace, place: str) -> Finished:
    shutil.rmtree(_path(asked, "model"), ignore_errors=True)
    return _program(
        asked,
        "train.run",
        [],
        mode="train",
        backend="cpu",
        params="configs/params_bert_tiny.yaml",
        data_dir=_dataset(asked, place),
        model_dir=_path(asked, "model"),
        max_steps=str(asked.steps),
    )


def _program(asked: argparse.Namespace, module: str, more: list, **options: str) -> Finished:
    named = chain.from_iterable((f"--{name}", value) for name, value in options.items())
    environment = {**child.QUIET, "CACHE": _path(asked, "cache")}
    return child.run([sys.executable, "-m", module, *named, *more], **environment)


def _data_dir(asked: argparse.Namespace, place: str) -> str:
    return _path(asked, "folder") if place == _FOLDER else asked.store


def _dataset(asked: argparse.Namespace, place: str) -> str:
    return urls.join(_data_dir(asked, place), *_DATASET)


def _path(asked: argparse.Namespace, name: str) -> str:
    return os.path.join(asked.work_dir, "remote", name)


def _report(rounds: "list[dict]") -> str:
    lines = []
    for figure in (_MADE, _TRAINED, _RATE, _WAITED):
        line = [figure]
        for place in (_FOLDER, _STORE, _COPY):
            line.append(_median(rounds, lambda found, of=(figure, place): found.get(of)))
        lines.append([*line, "" if figure == _WAITED else _median(rounds, _ratio(figure), "x")])
    header = ["", "a folder", "the store", "its copy in the cache", "the store to a folder"]
    return f"\nmedians of {len(rounds)} rounds\n\n{markdown(header, lines)}"


def _ratio(figure: str):
    return lambda found: found[figure, _STORE] / found[figure, _FOLDER]


def _median(rounds: "list[dict]", value, unit: str = "") -> str:
    """Of a value of each round; empty if they have none."""
    found = [of for of in map(value, rounds) if of is not None]
    if not found:
        return ""
    median = statistics.median(found)
    return f"{median:,.0f}{unit}" if median >= 100 else f"{median:.2f}{unit}"


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m bench.remote",
        description="Compares a dataset in a store with one in a folder, for SST-2 at length 128.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--store", required=True, help="the URL of an empty place in a store")
    add("--tfds_data_dir", required=True, help="the folder in which TFDS prepared glue/sst2")
    add("--vocab_file", default=vocab.default_path(), help="one word piece a line")
    add("--rows", type=int, default=538_792, help="SST-2's train split is repeated to reach this")
    add("--steps", type=int, default=200, help="steps of a training, of 32 rows each")
    add("--rounds", type=int, default=5, help="how often each program runs")
    add("--work_dir", default="build/bench", help="for inputs and outputs, which it replaces")
    return parser


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
