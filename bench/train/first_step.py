"""Breaks down the time from the start of a training to its first step.

python -m bench.train.first_step <dataset folder>

Runs train.run with MiniLM's sizes for one step, times its parts, and prints {part: seconds} as
JSON. It is meant for a warm machine: run it once before.
"""

import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from unittest import mock

from bench.table import markdown

_CONFIG = "configs/params_bert_minilm_sst2.yaml"
_WHOLE = "from the interpreter's start to the end of step 1"


def main(data_dir: str) -> None:
    began = _process_start()
    seconds = {"Python and our own modules, configuration, manifest": time.time() - began}
    from train import backend, signals

    with _timed(seconds, signals, "import_tensorflow", "importing TensorFlow"):
        backend.import_tensorflow("cpu")
    from train import run
    from train.data import input_fn
    from train.gpu import estimator, loop

    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        for owner, name, part in (
            (input_fn, "read_split", "parsing the train split"),
            (estimator.Estimator, "__init__", "making the variables"),
            (loop.TrainLoop, "_build", "tracing the step"),
            (loop.TrainLoop, "_advance", "the first call: TensorFlow's work on the graph, step 1"),
        ):
            stack.enter_context(_timed(seconds, owner, name, part))
        stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        stepped = _until_first_step(stack, loop.TrainLoop)
        run.main(["--mode", "train", "--params", _CONFIG, "--model_dir", folder, "--data_dir",
                  data_dir, "--backend", "cpu", "--max_steps", "1"])  # fmt: skip
    seconds[_WHOLE] = stepped[0] - began
    seconds["the rest"] = seconds[_WHOLE] - sum(s for part, s in seconds.items() if part != _WHOLE)
    print(json.dumps(seconds))


def _process_start() -> float:
    """time.time() at the start of this process, by the kernel's clock."""
    with open("/proc/self/stat", encoding="ascii") as file:
        ticks = int(file.read().rsplit(")", 1)[1].split()[19])  # field 22, since boot
    since_boot = time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.time() - since_boot + ticks / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def _timed(seconds: dict, owner, name: str, part: str):
    """Adds the time of calls of owner.name to seconds[part]."""
    function = getattr(owner, name)

    def timed(*arguments, **keywords):
        started = time.time()
        try:
            return function(*arguments, **keywords)
        finally:
            seconds[part] = seconds.get(part, 0.0) + time.time() - started

    with mock.patch.object(owner, name, timed):
        yield


def _until_first_step(stack, train_loop) -> list:
    """A list that receives the time at which the first call of the loop returns."""
    advance, stepped = train_loop._advance, []

    def noted(*arguments):
        result = advance(*arguments)
        stepped.append(time.time())
        return result

    stack.enter_context(mock.patch.object(train_loop, "_advance", noted))
    return stepped


def table(runs: "list[dict]") -> str:
    """Args: runs, the output of `main`. Returns: the medians as a table."""
    medians = {part: statistics.median(run[part] for run in runs) for part in runs[0]}
    whole = medians.pop(_WHOLE)
    lines = [
        [part, f"{seconds:.2f}", f"{seconds / whole:.0%}"] for part, seconds in medians.items()
    ]
    lines.append([f"**{_WHOLE}**", f"{whole:.2f}", ""])
    return markdown(["MiniLM sizes, bfloat16, SST-2", "seconds", "share"], lines)


if __name__ == "__main__":
    main(*sys.argv[1:])
