"""Runs a program in a process of its own and measures the process."""

import os
import subprocess
import tempfile
import time
from dataclasses import dataclass

_UNIT_OF_MAXRSS = 1024  # bytes, on Linux


@dataclass(frozen=True)
class Finished:
    """A program that ended well.

    Attributes:
      seconds: from the start of the process to its end.
      peak_bytes: the most memory that it held at once (its children counted apart, not added).
      output: what it printed.
    """

    seconds: float
    peak_bytes: int
    output: str


def run(command: "list[str]", stdin=None, **environment: str) -> Finished:
    """Args: stdin, an open file to read from; environment, variables to add.

    The caller must be small: Linux counts its memory as the child's until the program is loaded.

    Raises:
      RuntimeError: the program failed; the text is what it wrote to stderr.
    """
    os.sync()  # so that nobody pays for what others wrote before
    with tempfile.TemporaryFile("w+", errors="replace") as errors:
        finished, code = _run(command, stdin, errors, {**os.environ, **environment})
        if code:
            errors.seek(0)
            raise RuntimeError(f"{' '.join(command)} ended with code {code}:\n{errors.read()}")
    return finished


def _run(command: "list[str]", stdin, stderr, env: dict) -> "tuple[Finished, int]":
    started = time.monotonic()
    with subprocess.Popen(
        command, stdin=stdin, stdout=subprocess.PIPE, stderr=stderr, env=env, encoding="utf-8"
    ) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    return Finished(seconds, usage.ru_maxrss * _UNIT_OF_MAXRSS, output), process.returncode
