"""The trainer as users run it: python -m train.run in a separate process."""

import os
import re
import subprocess
import sys
from typing import NamedTuple

import yaml

from bench.gpu import sizes

DROPOUT = ("dropout_rate", "attention_dropout_rate", "cls_dropout_rate")


class Finished(NamedTuple):
    """A run that ended. code: its exit code. output, errors: what it printed."""

    code: int
    output: str
    errors: str

    def has_traceback(self) -> bool:
        return "Traceback (most recent call last)" in self.errors

    def last_words(self) -> str:
        """The message on stderr, on one line."""
        message = re.search(r"^error: .*", self.errors, re.MULTILINE | re.DOTALL)
        return " ".join((message.group() if message else self.errors[-300:]).split())


def run(mode: str, config: str, folder: str, dataset: str, *more, **environment) -> Finished:
    """Runs a mode; args: config, a file; folder, the model_dir; environment, more variables."""
    finished = subprocess.run(
        [sys.executable, "-m", "train.run", "--mode", mode, "--params", config,
         "--model_dir", folder, "--data_dir", dataset, *map(str, more)],
        env={**os.environ, **environment}, capture_output=True, text=True,
    )  # fmt: skip
    print(finished.stdout, flush=True)
    print(finished.stderr, file=sys.stderr, flush=True)
    return Finished(finished.returncode, finished.stdout, finished.stderr)


def configuration(path: str, size: str, batch_size: int, **sections) -> str:
    """Writes a YAML configuration; returns its path.

    Args: size, of the model; sections, {section: {key: value}} to change in it.
    """
    content = {
        "train_input": {"batch_size": batch_size},
        "eval_input": {"batch_size": 64},
        "model": {
            **{key: value for key, value in sizes.of(size).items() if key != "vocab_size"},
            **dict.fromkeys(DROPOUT, 0.1),
        },
        "optimizer": {"learning_rate": 1e-4, "weight_decay_rate": 0.01, "max_gradient_norm": 1.0},
        "runconfig": {"save_checkpoints_steps": 1000},
    }
    for name, changes in sections.items():
        content[name].update(changes)
    with open(path, "w", encoding="utf-8") as file:
        yaml.safe_dump(content, file)
    return path
