"""The threads of this process that write shards: Beam does not wait for them if a run fails."""

import threading
from collections import Counter
from contextlib import contextmanager

_changed = threading.Condition()
_writers: "Counter[str]" = Counter()  # {folder of a job: threads}
_ended: "set[str]" = set()  # folders of jobs
_PATIENCE_SECONDS = 60.0  # a thread may wait for a store


@contextmanager
def on(folder: str):
    """The calling thread writes a shard of that job inside the block."""
    with _changed:
        if folder in _ended:
            raise RuntimeError("this run has ended")
        _writers[folder] += 1
    try:
        yield
    finally:
        with _changed:
            _writers[folder] -= 1
            _changed.notify_all()


def end(folder: str) -> None:
    """Returns when no thread writes a shard of that job, and none will: what they wrote can be
    removed."""
    with _changed:
        _ended.add(folder)
        _changed.wait_for(lambda: not _writers[folder], _PATIENCE_SECONDS)
