"""The score of the same fine-tuning in PyTorch, as a reference for `make quality MODEL=minilm`.

python -m bench.quality --data_dir <SST-2 at MSL 128> --checkpoint <folder> [--seeds 1,2,3]

One epoch of batches of 32, the same as our own training takes with that seed, in bfloat16; the
recipe is the one of configs/params_bert_minilm_sst2.yaml (bench/peers/train.py).
"""

import argparse
import json
import os
import statistics
import sys

from bench import child
from bench.peers import environment
from bench.table import markdown
from shared.arguments import Parser
from shared.errors import exit_code

_BATCH = 32
_WARM_UP_SHARE = 0.1
_PEAK_RATE = 5e-5


def main(arguments: list) -> None:
    asked = _parser().parse_args(arguments)
    environment.check(asked.peers_python, "torch", "transformers")
    os.makedirs(asked.work_dir, exist_ok=True)
    scores = [(seed, *_score(asked, seed)) for seed in asked.seeds]
    rows = [[str(seed), f"{score:.4f}", f"{seconds:.0f}"] for seed, score, seconds in scores]
    rows.append(["median", f"{statistics.median(score for _, score, _ in scores):.4f}", ""])
    print(markdown(["PyTorch, seed", "dev accuracy", "seconds"], rows))


def _score(asked: argparse.Namespace, seed: int) -> "tuple[float, float]":
    """(dev accuracy, seconds of training)."""
    batches, job = (os.path.join(asked.work_dir, name) for name in ("quality.npz", "quality.json"))
    command = [sys.executable, "-m", "bench.train.batches", asked.data_dir, str(_BATCH), str(seed)]
    in_epoch = int(child.run([*command, batches]).output.split()[-1])
    steps = asked.steps or in_epoch
    with open(job, "w", encoding="utf-8") as file:
        json.dump(
            {"model": asked.checkpoint, "data": batches, "bfloat16": True, "seed": seed,
             "peak_rate": _PEAK_RATE, "steps": steps, "warm_up": int(steps * _WARM_UP_SHARE),
             "timed": []},
            file,
        )  # fmt: skip
    command = [asked.peers_python, "-m", "bench.peers.train", job]
    found = json.loads(child.run(command, **environment.ENVIRONMENT).output.splitlines()[-1])
    print(f"seed {seed}: {found['accuracy']:.4f}", flush=True)
    return found["accuracy"], found["seconds"]


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m bench.quality",
        description="Fine-tunes in PyTorch and prints the dev accuracy.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--data_dir", required=True, help="SST-2's dataset folder at MSL 128")
    add("--checkpoint", required=True, help="a Hugging Face folder")
    add("--seeds", type=lambda text: [int(seed) for seed in text.split(",")], default="1,2,3")
    add("--steps", type=int, help="instead of one epoch")
    add("--work_dir", default="build/bench", help="for jobs and batches")
    add("--peers_python", default=environment.DEFAULT_PYTHON, help="see bench/README.md")
    return parser


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
