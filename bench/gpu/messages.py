"""Step messages: what `--backend gpu` says with a GPU, without one, and without CUDA's libraries.

A job: {"small", "work"}.
"""

import os
import re

from bench.gpu import device, row, trainer
from bench.gpu.row import SKIPPED, check, tell

_MISTAKE = 2
_HIDDEN = {"CUDA_VISIBLE_DEVICES": "-1"}


def main(job: dict) -> None:
    backend = device.begin({**job, "small": True})
    from bench.gpu import records

    dataset = records.make(job["work"], 600)
    config = trainer.configuration(os.path.join(job["work"], "messages.yaml"), "smallest", 8,
                                   runconfig={"max_steps": 1})  # fmt: skip
    folder = os.path.join(job["work"], "messages")

    def run(**environment):
        options = ("--backend", "gpu", "--validate_only")
        return trainer.run("train", config, folder, dataset, *options, **environment)

    _check_refused("no GPU is visible", run(**_HIDDEN), "sees no GPU")
    if backend == "gpu":
        told = re.search(r"^backend: .*", run().output, re.MULTILINE)
        line = told.group() if told else "no line `backend:`"
        check("a GPU is visible", line, line.startswith("backend: gpu"))
        _without_libraries(run(LD_LIBRARY_PATH=""))
    else:
        tell("a GPU is visible", "no GPU", SKIPPED)


def _without_libraries(finished) -> None:
    """If the libraries are in folders that the loader knows anyway, nothing is missing."""
    what = "LD_LIBRARY_PATH is empty"
    if finished.code == 0:
        tell(what, "the libraries are found without it", SKIPPED)
    else:
        _check_refused(what, finished, "cannot be loaded here: ")


def _check_refused(what, finished, words) -> None:
    is_clean = finished.code == _MISTAKE and words in finished.errors
    check(what, f"exit code {finished.code}: {finished.last_words()}",
          is_clean and not finished.has_traceback())  # fmt: skip


if __name__ == "__main__":
    row.main(main)
