"""A run on a Dask cluster: whether its scheduler answers, and what went wrong, in words.

Dask raises nothing for a scheduler that is lost in mid-run: the run seems to end.
"""

import os
import time
from contextlib import contextmanager
from typing import Any, Iterator

from apache_beam.options.pipeline_options import PipelineOptions

from preprocess.beam import dask_workers
from shared.errors import UserError

_FILE_SECONDS = 0.1
_SHARDS_OPTIONS = ("npartitions", "partition_size")


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
        with dask_workers.told(client), _failures():
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
