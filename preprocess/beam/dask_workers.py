"""What becomes of the workers of a Dask cluster while the launcher waits, in words.

Dask itself has the shards of a lost worker done by others, and says nothing to the launcher.
"""

import threading
import time
from contextlib import contextmanager
from typing import Any, Iterator, NamedTuple

from shared import shown

_PERIOD_SECONDS = 2.0
# Importing TensorFlow alone keeps a worker from answering for seconds.
_SILENT_SECONDS = 30.0
_REMIND_SECONDS = 30.0


class Workers(NamedTuple):
    """Addresses of those that the scheduler knows, and of those that it has not heard of lately."""

    known: "frozenset[str]" = frozenset()
    silent: "frozenset[str]" = frozenset()


@contextmanager
def told(client: Any) -> Iterator[None]:
    """Prints, inside the block, what becomes of the workers."""
    ended = threading.Event()
    thread = threading.Thread(target=_watch, args=(client, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(_PERIOD_SECONDS)  # a scheduler that does not answer holds it


def _watch(client: Any, ended: threading.Event) -> None:
    before, told_at = None, 0.0
    # Without a connection a call would wait for one, and the end of the run for the call.
    while client.status == "running" and not ended.is_set():
        try:
            found = client.sync(client.scheduler.identity, n_workers=-1)
        except OSError:
            return  # the launcher finds the scheduler lost
        after = _workers(found["workers"], time.time())
        lines = news(before, after)
        if not (lines or after.known) and time.monotonic() - told_at >= _REMIND_SECONDS:
            lines = [f"Dask: still no worker at {client.scheduler.address}; waiting for one"]
        for line in lines:
            print(line)
            told_at = time.monotonic()
        before = after
        ended.wait(_PERIOD_SECONDS)


def _workers(found: "dict[str, Any]", now: float) -> Workers:
    """Args: found, what the scheduler knows; now, in seconds since 1970."""
    silent = [address for address, of in found.items() if now - of["last_seen"] > _SILENT_SECONDS]
    return Workers(frozenset(found), frozenset(silent))


def news(before: "Workers | None", after: Workers) -> "list[str]":
    """What to say of the workers; args: before, when last looked at.

    >>> ab = frozenset({"tcp://a", "tcp://b"})
    >>> news(None, Workers(ab))
    ['Dask: 2 workers']
    >>> print(*news(Workers(ab), Workers(frozenset({"tcp://a"}))), sep="\\n")
    Dask: lost tcp://b; other workers do its shards
    Dask: 1 worker
    """
    known, silent = before or Workers()
    gone = sorted(known - after.known)
    lines = [f"Dask: lost {shown.listed(gone)}; other workers do its shards"] if gone else []
    if before is None or known != after.known:
        lines.append(f"Dask: {_counted(len(after.known))}")
    if newly := sorted(after.silent - silent):
        lines.append(
            f"Dask: no word from {shown.listed(newly)} for {_SILENT_SECONDS:.0f} s; when the "
            "scheduler gives it up (worker-ttl), other workers do its shards"
        )
    if back := sorted((silent - after.silent) & after.known):
        lines.append(f"Dask: {shown.listed(back)} answers again")
    return lines


def _counted(workers: int) -> str:
    if not workers:
        return "no worker; waiting for one to join"
    return f"{workers:,} worker" + ("s" if workers > 1 else "")
