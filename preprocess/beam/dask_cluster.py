"""A run on a Dask cluster: what becomes of its scheduler and its workers, in words.

Dask itself repeats the shards of a worker that is gone, and says nothing to the launcher. A lost
scheduler it does not even raise: the run seems to end.
"""

import os
import threading
import time
from contextlib import contextmanager
from typing import Any, Iterator, NamedTuple

from apache_beam.options.pipeline_options import PipelineOptions

from shared import shown
from shared.errors import UserError

_PERIOD_SECONDS = 2.0
# Importing TensorFlow alone keeps a worker from answering for seconds.
_SILENT_SECONDS = 30.0
_FILE_SECONDS = 0.1
_SHARDS_OPTIONS = ("npartitions", "partition_size")


class Workers(NamedTuple):
    """Addresses of those that the scheduler knows, and of those that it has not heard of lately."""

    known: "frozenset[str]" = frozenset()
    silent: "frozenset[str]" = frozenset()


def check(options: PipelineOptions) -> None:
    """Checks that the scheduler of a run on Dask answers; nothing for another runner, or where the
    run starts a cluster of its own.

    Raises:
      UserError: it does not, or the file with its address does not come.
    """
    if not options.get_all_options()["runner"].endswith("DaskRunner"):
        return
    from apache_beam.runners.dask.dask_runner import DaskOptions
    from dask.distributed import Client

    asked = options.view_as(DaskOptions).get_all_options(drop_default=True, current_only=True)
    of_client = {name: value for name, value in asked.items() if name not in _SHARDS_OPTIONS}
    given = of_client.get("scheduler_file") or of_client.get("address")
    if given is None:
        return
    try:
        _wait_for_file(of_client)
        Client(**of_client, set_as_default=False).close()
    except (OSError, ValueError) as error:
        raise UserError(
            f"the Dask scheduler at {given} does not answer: {error}. Start it (dask scheduler), "
            "or correct --dask_client_address or --dask_scheduler_file"
        ) from None


def _wait_for_file(of_client: "dict[str, Any]") -> None:
    """The scheduler may be starting, too. Dask would wait without end."""
    import dask

    path = of_client.get("scheduler_file")
    default = dask.config.get("distributed.comm.timeouts.connect")
    seconds = dask.utils.parse_timedelta(of_client.get("timeout", default))
    deadline = time.monotonic() + seconds
    while path and not os.path.exists(path):
        if time.monotonic() > deadline:
            raise OSError(f"no such file after {seconds:g} s")
        time.sleep(_FILE_SECONDS)


@contextmanager
def watched(result: Any) -> Iterator[None]:
    """The block waits for `result`, Beam's. Of a run on Dask it prints what becomes of the workers.

    Raises:
      UserError: the scheduler is lost, or the workers died that wrote a shard.
    """
    client = getattr(result, "client", None)
    if client is None:
        yield
        return
    address = client.scheduler.address
    try:
        with _told(client), _failures():
            yield
            if any(future.status != "finished" for future in result.futures):
                raise UserError(
                    f"lost the Dask scheduler at {address}, and with it what was done. Start it "
                    "and its workers again, and then this run."
                )
    finally:
        client.close()


@contextmanager
def _failures() -> Iterator[None]:
    from distributed.scheduler import KilledWorker

    try:
        yield
    except KilledWorker as error:
        times = error.allowed_failures + 1
        raise UserError(
            f"{times} Dask worker{'s' * (times > 1)} died while writing one shard: the last was "
            f"{error.last_worker.address}, whose log may say why. Often memory is short (the "
            "worker's --memory-limit, its job's limit). Mend that, then run this again."
        ) from None


@contextmanager
def _told(client: Any) -> Iterator[None]:
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
    before = None
    # Without a connection a call would wait for one, and the end of the run for the call.
    while client.status == "running" and not ended.is_set():
        try:
            found = client.sync(client.scheduler.identity, n_workers=-1)
        except OSError:
            return  # the launcher finds the scheduler lost
        after = _workers(found["workers"], time.time())
        for line in news(before, after):
            print(line)
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
