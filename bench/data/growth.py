"""How the cost of a dataset grows with its rows and shards: time, the launcher's memory, files.

python -m bench.data.growth --tfds_data_dir <folder> [--rows 10000,100000,1000000] [--shards 1000]
"""

import argparse
import csv
import itertools
import os
import shutil
import sys
from dataclasses import dataclass

import numpy as np

from bench import child, table
from bench.data import inputs, tables
from shared import vocab
from shared.arguments import Parser
from shared.errors import exit_code
from shared.manifest_file import read_manifest
from shared.where import MANIFEST_FILE

_OWN, _TFDS = "own CSV", "TFDS"
_ROWS_FILE = "rows.npy"


@dataclass(frozen=True)
class Cost:
    """What one dataset took.

    Attributes:
      source: of its rows.
      rows, shards: in all splits.
      seconds: of the whole program.
      peak_bytes: of its process, which reads, writes and launches.
      manifest_bytes, rows_file_bytes: of manifest.json and of all rows.npy.
    """

    source: str
    rows: int
    shards: int
    seconds: float
    peak_bytes: int
    manifest_bytes: int
    rows_file_bytes: int


def main(arguments: "list[str]") -> None:
    asked = _parser().parse_args(arguments)
    os.makedirs(asked.work_dir, exist_ok=True)
    sizes = [int(rows) for rows in asked.rows.split(",")]
    runs = [(rows, None) for rows in sizes] + [(min(sizes[-1], 10**6), asked.shards)]
    for source, options_of in ((_OWN, _own_files), (_TFDS, _tfds)):
        costs = [_measured(source, options_of(rows, asked), shards, asked) for rows, shards in runs]
        print(f"\n{_table(costs)}\n\n{_model(costs)}", flush=True)


def _own_files(rows: int, asked: argparse.Namespace) -> "list[str]":
    """SST-2's training sentences, each with a number, so that no row is there twice."""
    path = os.path.join(asked.work_dir, "grown.csv")
    sentences = itertools.cycle(_sentences(asked))
    numbered = (
        (f"{text}{n}", label) for n, (text, label) in zip(range(rows), sentences, strict=False)
    )
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(itertools.chain([(tables.TEXT, tables.LABEL)], numbered))
    return ["--task", "own", "--data", f"train={path}", "--validation", "0.1",
            "--text", tables.TEXT, "--label", tables.LABEL]  # fmt: skip


def _sentences(asked: argparse.Namespace) -> "list[list[str]]":
    """[[text, label], ...]. A process of its own reads them, because this one must stay small."""
    path = os.path.join(asked.work_dir, "sentences.csv")
    source = inputs.repeated(asked.tfds_data_dir, 1, os.path.join(asked.work_dir, "grown"))
    reader = [sys.executable, "-m", "bench.data.tables"]
    child.run([*reader, inputs.train_file(source), str(source.rows), path], **child.QUIET)
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))[1:]


def _tfds(rows: int, asked: argparse.Namespace) -> "list[str]":
    made = inputs.repeated(asked.tfds_data_dir, rows, os.path.join(asked.work_dir, "grown"))
    return ["--task", inputs.TASK.name, "--tfds_data_dir", made.tfds_data_dir]


def _measured(
    source: str, options: "list[str]", shards: "int | None", asked: argparse.Namespace
) -> Cost:
    data_dir = os.path.join(asked.work_dir, "ours")
    shutil.rmtree(data_dir, ignore_errors=True)
    length = str(asked.max_sequence_length)
    more = [] if shards is None else ["--num_shards", str(shards)]
    finished = child.run(
        [sys.executable, "-m", "preprocess.run", *options, "--data_dir", data_dir,
         "--vocab_file", asked.vocab_file, "--max_sequence_length", length, *more]
    )  # fmt: skip
    dataset = os.path.join(data_dir, options[1], f"msl{length}")
    splits = read_manifest(dataset).splits
    maps = [os.path.join(dataset, split, _ROWS_FILE) for split in splits]
    return Cost(
        source,
        rows=sum(split.rows for split in splits.values()),
        shards=sum(len(split.shards) for split in splits.values()),
        seconds=finished.seconds,
        peak_bytes=finished.peak_bytes,
        manifest_bytes=os.path.getsize(os.path.join(dataset, MANIFEST_FILE)),
        rows_file_bytes=sum(os.path.getsize(path) for path in maps if os.path.exists(path)),
    )


def _table(costs: "list[Cost]") -> str:
    header = ["rows from", "rows", "shards", "seconds", "peak MiB", "manifest.json", _ROWS_FILE]
    lines = [
        [cost.source, f"{cost.rows:,}", f"{cost.shards:,}", f"{cost.seconds:.1f}",
         f"{cost.peak_bytes / 2**20:,.0f}", f"{cost.manifest_bytes:,}", f"{cost.rows_file_bytes:,}"]
        for cost in costs
    ]  # fmt: skip
    return table.markdown(header, lines)


def _model(costs: "list[Cost]") -> str:
    """constant + a x rows + b x shards, by least squares."""
    known = np.array([(1, cost.rows, cost.shards) for cost in costs], float)
    lines = []
    for name in ("seconds", "peak_bytes", "manifest_bytes"):
        found = np.linalg.lstsq(known, [getattr(cost, name) for cost in costs], rcond=None)[0]
        lines.append("{}: {:.4g} + {:.3g} a row + {:.3g} a shard".format(name, *found))
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m bench.data.growth",
        description="Measures what datasets of several sizes cost, and fits a line to it.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--tfds_data_dir", required=True, help="the folder in which TFDS prepared glue/sst2")
    add("--vocab_file", default=vocab.default_path(), help="one word piece a line")
    add("--rows", default="10000,100000,1000000", help="sizes")
    add("--shards", type=int, default=1000, help="a split, for one more run")
    add("--max_sequence_length", type=int, default=32, help="tokens in a record")
    add("--work_dir", default="build/bench", help="for inputs and outputs, which it replaces")
    return parser


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
