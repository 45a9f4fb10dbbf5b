"""One, two and three training workers on this machine: examples/s, and bytes sent for a step.

python -m bench.workers --data_dir <SST-2 at MSL 128> [--config configs/params_bert_tiny.yaml]

The same training with the same global batch, shared by more and more processes. Bytes are those of
the loopback device, which all programs of a machine share; `unshare -n` gives this one its own:

    sudo unshare -n sh -c "ip link set lo up; .venv/bin/python -m bench.workers --data_dir ..."
"""

import argparse
import json
import math
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from typing import NamedTuple

from bench import child
from bench.table import markdown
from shared import config
from shared.arguments import Parser
from shared.errors import exit_code
from train.checkpoints import model_dir
from train.model import variables

_COUNTS, _BATCH = (1, 2, 3), 48
_FIRST, _LAST = 20, 100  # the steps between which is measured
_BYTES_OF_FLOAT32 = 4


class _Moment(NamedTuple):
    """The step that the first worker had just taken, the time, and the bytes sent until then."""

    step: int
    seconds: float
    sent: int


def main(arguments: list) -> None:
    asked = _parser().parse_args(arguments)
    rows = []
    for count in _COUNTS:
        first, last = _measured(asked, count)
        steps = last.step - first.step
        rate = _BATCH * steps / (last.seconds - first.seconds)
        sent, least = (last.sent - first.sent) / steps / count, _least_bytes(asked, count)
        ratio = f"{sent / least:.3f}" if least else ""
        rows.append([str(count), f"{rate:.1f}", f"{sent / 1e6:.2f}", f"{least / 1e6:.2f}", ratio])
        print(" ".join(rows[-1]), flush=True)
    header = ["workers", "examples/s", "MB a worker sends a step", "the least", "ratio"]
    print(markdown(header, rows))


def _measured(asked: argparse.Namespace, count: int) -> "tuple[_Moment, _Moment]":
    """The moments after _FIRST and _LAST steps of a training by so many workers."""
    shutil.rmtree(asked.work_dir, ignore_errors=True)
    addresses = [f"localhost:{_free_port()}" for _ in range(count)]
    workers = [_start(asked, addresses, index) for index in range(count)]
    found = [_moment(line) for line in workers[0].stdout if line.startswith("step ")]
    if any(worker.wait() for worker in workers):
        raise RuntimeError(f"a training by {count} workers failed; see above")
    return next(moment for moment in found if moment.step >= _FIRST), found[-1]


def _start(asked: argparse.Namespace, addresses: "list[str]", index: int) -> subprocess.Popen:
    """Worker number `index`; only the first one's lines are read."""
    settings = {
        "train_input.batch_size": _BATCH,
        "runconfig.multiple_workers": json.dumps(len(addresses) > 1),
        "runconfig.save_summary_steps": _FIRST,
        "runconfig.eval_checkpoints": "false",
    }
    task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
    command = [
        *(sys.executable, "-m", "train.run", "--mode", "train", "--backend", "cpu"),
        *("--params", asked.config, "--data_dir", asked.data_dir, "--model_dir", asked.work_dir),
        *("--max_steps", str(_LAST)),
        *(word for key, value in settings.items() for word in ("--set", f"{key}={value}")),
    ]
    return subprocess.Popen(
        command,
        env={**os.environ, **child.QUIET, "TF_CONFIG": json.dumps(task)},
        stdout=subprocess.DEVNULL if index else subprocess.PIPE,
        text=True,
    )


def _moment(line: str) -> _Moment:
    """Args: line, `step 20/100  loss ...`, which has just been printed."""
    step = int(re.findall(r"\d+", line)[0])
    return _Moment(step, time.monotonic(), _sent("/proc/net/dev"))


def _sent(path: str) -> int:
    """The bytes that left through the loopback device; proc(5) has the columns."""
    with open(path, encoding="ascii") as file:
        (columns,) = (line.split()[1:] for line in file if line.strip().startswith("lo:"))
    return int(columns[8])


def _least_bytes(asked: argparse.Namespace, count: int) -> float:
    """What each worker must send to sum the gradients of all parameters in a ring."""
    params = config.load(os.path.join(asked.work_dir, model_dir.PARAMS_FILE), print)
    table = variables.table(params.model)
    return least_bytes(sum(math.prod(spec.shape) for spec in table), count)


def least_bytes(parameters: int, workers: int) -> float:
    """Bytes that a worker sends at least when all get the sum of their float32 gradients: each
    passes on all but one part while summing, and again while handing out the sums (Patarasu and
    Yuan, Bandwidth optimal all-reduce algorithms for clusters of workstations, 2009).

    >>> least_bytes(1000, 1), least_bytes(1000, 2)
    (0.0, 4000.0)
    """
    return 2 * (workers - 1) / workers * _BYTES_OF_FLOAT32 * parameters


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m bench.workers",
        description="Compares one, two and three training workers on this machine.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--data_dir", required=True, help="SST-2's dataset folder at MSL 128")
    add("--config", default="configs/params_bert_tiny.yaml", help="the model")
    add("--work_dir", default="build/bench/workers", help="for the models; is emptied")
    return parser


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
