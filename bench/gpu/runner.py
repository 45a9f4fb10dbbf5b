"""Runs a step in a separate process, with a time limit; a failing step does not stop the others."""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from typing import Callable

from bench.gpu import row
from bench.gpu.row import FAILED, Row
from bench.gpu.steps import Step

_LAST_WORDS = 300  # characters


def run(step: Step, python: str, log_path: str, on_row: Callable[[Row], None]) -> float:
    """Runs a step to its end or to its limit.

    Args:
      python: the interpreter.
      log_path: everything that the step prints, except rows, is appended to this file.
      on_row: is called with each row as soon as it is printed, and with one that says what went
        wrong.
    Returns: its seconds.
    """
    started = time.monotonic()
    with open(log_path, "a+", encoding="utf-8", errors="replace") as log:
        log.write(f"\n==== {step.name}\n")
        log.flush()
        begin = log.tell()
        fault = _fault(step, python, log, on_row)
        if fault:
            on_row(Row("ends well", fault + _last_words(log, begin), FAILED))
    return time.monotonic() - started


def _fault(step, python, log, on_row) -> str:
    """What went wrong, or nothing."""
    with subprocess.Popen(
        [python, "-u", "-m", f"bench.gpu.{step.module}", json.dumps(step.job)],
        env={**os.environ, **step.environment},
        stdout=subprocess.PIPE,
        stderr=log,
        encoding="utf-8",
        start_new_session=True,
    ) as process:
        reader = threading.Thread(target=_read, args=(process.stdout, log, on_row))
        reader.start()
        try:
            code = process.wait(step.seconds)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _kill(process.pid)  # and what it has started
        reader.join()
    if code is None:
        return f"not within {step.seconds} s"
    return f"code {code}" if code else ""


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _read(lines, log, on_row) -> None:
    for line in lines:
        found = row.heard(line)
        if found:
            on_row(found)
        else:
            log.write(line)
            log.flush()


def _last_words(log, begin: int) -> str:
    log.seek(begin)
    lines = [line.strip() for line in log if line.strip()]
    return ": " + lines[-1][-_LAST_WORDS:] if lines else ""
