"""Texts to answers on a CPU, compared with transformers' pipeline: the same weights and sentences.

python -m bench.classify --data_dir <dataset of sst2> --glue_dir <official GLUE files>
"""

import argparse
import csv
import json
import os
import shutil
import statistics
import sys

import numpy as np

from bench import child
from bench.peers import environment as peers
from bench.table import markdown
from shared.arguments import Parser
from shared.errors import exit_code

# {name: its configuration}; the weights are random, which changes no second.
_MODELS = {
    "MiniLM-L6 sizes": "configs/params_bert_minilm_sst2.yaml",
    "BERT-base sizes": "configs/params_bert_base.yaml",
}


def main(arguments: list) -> None:
    asked = _parser().parse_args(arguments)
    peers.check(asked.peers_python, "torch", "transformers")
    os.makedirs(asked.work_dir, exist_ok=True)
    texts = os.path.join(asked.work_dir, "texts.json")
    with open(texts, "w", encoding="utf-8") as file:
        json.dump(_sentences(asked), file)
    lines = [_line(asked, name, config, texts) for name, config in _MODELS.items()]
    header = ["float32", "ours, sentences/s", "transformers, batch_size=32", "ratio",
              "first answer, s", "largest difference of a logit"]  # fmt: skip
    print("\n" + markdown(header, lines))


def _sentences(asked) -> list:
    """Of SST-2's dev file, as they stand there."""
    path = os.path.join(asked.glue_dir, "SST-2", "dev.tsv")
    with open(path, encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [row["sentence"] for row in rows]


def _line(asked, name: str, config: str, texts: str) -> "list[str]":
    model_dir = os.path.join(asked.work_dir, os.path.basename(config))
    theirs = model_dir + "-huggingface"
    _make_model(asked, config, model_dir, theirs)
    runs = [_round(asked, model_dir, theirs, texts) for _ in range(asked.rounds)]
    for ours, peer in runs:
        print(f"{name}: {ours['seconds']:.1f} s, transformers {peer['seconds']:.1f} s", flush=True)
    count = len(runs[0][0]["logits"])
    middle = [statistics.median(run[n]["seconds"] for run in runs) for n in (0, 1)]
    ratio = statistics.median(peer["seconds"] / ours["seconds"] for ours, peer in runs)
    first = statistics.median(ours["first"] for ours, _ in runs)
    difference = np.abs(np.subtract(*(found["logits"] for found in runs[0]))).max()
    return [name, *(f"{count / seconds:,.1f}" for seconds in middle), f"{ratio:.2f}",
            f"{first:.2f}", f"{difference:.1e}"]  # fmt: skip


def _make_model(asked, config, model_dir, theirs) -> None:
    """A model folder of one step from random weights, and the same for transformers."""
    for folder in (model_dir, theirs):
        shutil.rmtree(folder, ignore_errors=True)
    python = [sys.executable, "-m"]
    child.run([*python, "train.run", "--mode", "train", "--params", config, "--max_steps", "1",
               "--model_dir", model_dir, "--data_dir", asked.data_dir, "--backend", "cpu"],
              **child.QUIET)  # fmt: skip
    child.run([*python, "train.convert", model_dir, theirs, "--to", "huggingface"], **child.QUIET)


def _round(asked, model_dir, theirs, texts) -> "tuple[dict, dict]":
    """(what ours prints, what transformers' program prints)."""
    ours = [sys.executable, "-m", "bench.classify.ours", model_dir, texts]
    peer = [asked.peers_python, "-m", "bench.peers.classify", theirs, texts]
    found = (child.run_undisturbed(ours, **child.QUIET),
             child.run_undisturbed(peer, **peers.ENVIRONMENT))  # fmt: skip
    return tuple(json.loads(finished.output.splitlines()[-1]) for finished in found)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m bench.classify",
        description="Measures answers to SST-2's dev sentences, compared with transformers.",
    )
    add = parser.add_argument
    add("--data_dir", required=True, help="the dataset folder of sst2, which holds manifest.json")
    add("--glue_dir", required=True, help="official GLUE files, with SST-2/dev.tsv")
    add("--work_dir", default="build/bench", help="for models and texts")
    add("--rounds", type=int, default=3)
    add("--peers_python", default=peers.DEFAULT_PYTHON, help="the peers' interpreter")
    return parser


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
