"""Step compile: XLA's seconds for the step of each length, in a fresh cache and from it.

A job: {"small", "work", "name": of the model, "rows": of the train split}. `make compile` does it.
"""

import os
import re
import time

from bench.gpu import device, row, trainer
from bench.gpu.row import FAILED, PASSED, tell

_LINE = re.compile(r"train +(\d+) x (\d+) +[\d.,]+ +([\d.]+)  (compiled|from the cache)")


def main(job: dict) -> None:
    backend = device.begin({**job, "small": True})
    from bench.gpu import records

    dataset = records.make(job["work"], job["rows"])
    path = os.path.join(job["work"], "compile")
    config = trainer.configuration(path + ".yaml", job["name"], 32,
                                   model={"mixed_precision": True, **_dropout(job)},
                                   runconfig={"max_steps": 2, "xla": True})  # fmt: skip
    for name, expected in (("a fresh cache", "compiled"), ("the same cache", "from the cache")):
        started = time.monotonic()
        finished = trainer.run("train", config, path, dataset, "--backend", backend,
                               "--compile_only", XLA_CACHE=path + "-cache")  # fmt: skip
        _tell(name, expected, finished, time.monotonic() - started)


def _dropout(job: dict) -> dict:
    """Changes of the model: none if small, as a CPU takes long to compile random numbers."""
    return dict.fromkeys(trainer.DROPOUT, 0.0) if job["small"] else {}


def _tell(name, expected, finished, seconds) -> None:
    found = _LINE.findall(finished.output)
    each = ", ".join(f"{rows} x {tokens}: {taken} s" for rows, tokens, taken, _ in found)
    is_as_expected = bool(found) and all(origin == expected for *_, origin in found)
    tell(f"{name}: each length {expected}", each or finished.last_words(),
         PASSED if is_as_expected and finished.code == 0 else FAILED)  # fmt: skip
    tell(f"{name}: the whole program", f"{seconds:.1f} s", seconds=seconds)


if __name__ == "__main__":
    row.main(main)
