"""Other processes: waits for them, and finds them by what they do."""

import os
import re
import time
from pathlib import Path

DEADLINE_SECONDS = 240


def wait_for(condition):
    """What `condition` returns once it is true."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.01)
    raise TimeoutError


def writing_a_shard(folder):
    """The numbers of the processes that have a shard below the folder open, not finished yet."""
    return _where(lambda process: any(_is_shard(link, folder) for link in _links(process / "fd")))


def _is_shard(target, folder):
    """The launcher writes other files, such as mistake.txt, in the same way."""
    return target.startswith(str(folder)) and re.search(r"\.tfrecord\.\w+\.tmp$", target)


def started_with(*words):
    """The numbers of the Python processes whose arguments are, or hold, all the words."""

    def matches(process):
        program, *arguments = (process / "cmdline").read_bytes().decode().split("\0")
        return "python" in program and all(any(w in a for a in arguments) for w in words)

    return _where(matches)


def _links(folder):
    return [os.readlink(link) for link in folder.iterdir()]


def _where(condition):
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if condition(process):
                found.append(int(process.name))
        except OSError:  # it has just ended
            continue
    return found
