"""Runs a program in a separate process and measures that process."""

import os
import subprocess
import tempfile
import time
from dataclasses import dataclass

# The environment of our programs: no GPU, few lines of log, no cache of XLA's.
QUIET = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3", "XLA_CACHE": ""}
_UNIT_OF_MAXRSS = 1024  # bytes, on Linux
_TRIES, _LITTLE = 3, 0.05  # runs of one program; a tolerable share of stolen time


@dataclass(frozen=True)
class Finished:
    """A program that succeeded.

    Attributes:
      seconds: from the start of the process to its end.
      peak_bytes: the most memory that it held at once (children are not added).
      output: what it printed.
      stolen: the share of the processors' time, 0 to 1, in which the host ran other virtual
        machines instead. Linux counts it while the processors have work (proc(5): steal).
    """

    seconds: float
    peak_bytes: int
    output: str
    stolen: float


def run_undisturbed(command: "list[str]", **environment: str) -> Finished:
    """Like `run`, but repeats it, at most twice, if the host took away part of the machine; returns
    the run with the least stolen time.

    A program's own speed plays no part in this, so it is fair to all.
    """
    runs = []
    while len(runs) < _TRIES and not (runs and runs[-1].stolen < _LITTLE):
        runs.append(run(command, **environment))
        if runs[-1].stolen >= _LITTLE:
            print(f"the host took {runs[-1].stolen:.0%} of the processors' time", flush=True)
    return min(runs, key=lambda run: run.stolen)


def run(command: "list[str]", stdin=None, **environment: str) -> Finished:
    """Args: stdin, an open file to read from; environment, variables to add.

    The caller must be small: Linux counts its memory as the child's until the program is loaded.

    Raises:
      RuntimeError: the program failed; the text is what it wrote to stderr.
    """
    os.sync()  # so that no program pays for earlier writes
    with tempfile.TemporaryFile("w+", errors="replace") as errors:
        finished, code = _run(command, stdin, errors, {**os.environ, **environment})
        if code:
            errors.seek(0)
            raise RuntimeError(f"{' '.join(command)} ended with code {code}:\n{errors.read()}")
    return finished


def _run(command: "list[str]", stdin, stderr, env: dict) -> "tuple[Finished, int]":
    started, stolen = time.monotonic(), _stolen_seconds()
    with subprocess.Popen(
        command, stdin=stdin, stdout=subprocess.PIPE, stderr=stderr, env=env, encoding="utf-8"
    ) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    share = (_stolen_seconds() - stolen) / (seconds * os.cpu_count())
    peak_bytes = usage.ru_maxrss * _UNIT_OF_MAXRSS
    return Finished(seconds, peak_bytes, output, share), process.returncode


def _stolen_seconds() -> float:
    """Stolen seconds of all processors together, since the machine was started."""
    with open("/proc/stat", encoding="ascii") as file:
        ticks = int(file.readline().split()[8])
    return ticks / os.sysconf("SC_CLK_TCK")
