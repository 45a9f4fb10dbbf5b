"""Step memory: a batch too large, and a GPU that another process holds, end in a message.

A job: {"small", "work"}.
"""

import os
import subprocess
import sys

from bench.gpu import device, row, trainer
from bench.gpu.row import check, tell

_MISTAKE = 2
_TOO_LARGE = 32768  # rows, which would need several hundred gigabytes
_ADVICE = ("out of memory with batch", "grad_accum_steps")
_HELD = "error: "


def main(job: dict) -> None:
    device.begin(job)
    from bench.gpu import records

    dataset = records.make(job["work"], records.ROWS)
    for xla in (True, False):
        _check(f"a batch of {_TOO_LARGE}, XLA {'on' if xla else 'off'}",
               _train(job, dataset, f"xla-{xla}", _TOO_LARGE, xla), _ADVICE)  # fmt: skip
    holder = subprocess.Popen([sys.executable, "-m", "bench.gpu.holder"], stdout=subprocess.PIPE,
                              stdin=subprocess.PIPE, text=True)  # fmt: skip
    try:
        tell("another process", holder.stdout.readline().strip())
        _check("a GPU that is held", _train(job, dataset, "held", 32, True), (_HELD,))
    finally:
        holder.kill()


def _train(job, dataset, name, rows, xla) -> trainer.Finished:
    path = os.path.join(job["work"], f"memory-{name}")
    config = trainer.configuration(path + ".yaml", "minilm", rows, model={"mixed_precision": True},
                                   runconfig={"max_steps": 2, "xla": xla})  # fmt: skip
    return trainer.run("train", config, path, dataset, "--backend", "gpu")


def _check(what, finished, words) -> None:
    is_told = finished.code == _MISTAKE and all(word in finished.errors for word in words)
    found = f"exit code {finished.code}: {finished.last_words()}"
    check(what, found, is_told and not finished.has_traceback())


if __name__ == "__main__":
    row.main(main)
