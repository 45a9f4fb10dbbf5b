"""The workers wait until all of them have started, before TensorFlow connects them.

TensorFlow itself would wait for an hour, silent and deaf to signals.
"""

import contextlib
import socket
import time
from typing import Dict, Iterable, Optional

from shared import shown
from shared.clock import clock
from shared.errors import UserError
from train import signals
from train.tf_config import Cluster

LIMIT_SECONDS = 300.0  # a scheduler may start the workers of a job minutes apart
_TELL_SECONDS = 30.0
_PAUSE_SECONDS = 0.5
_CONNECT_SECONDS = 1.0


def wait(cluster: Cluster, limit: float = LIMIT_SECONDS) -> None:
    """Returns when each of the others has answered at its address; meanwhile lines say who has not.

    Args: limit, seconds to wait.
    Raises:
      UserError: some have not answered by then, or this one cannot listen at its own address.
      Terminated, KeyboardInterrupt: a noted signal has come.
    """
    others = [number for number in range(len(cluster.workers)) if number != cluster.index]
    started, tell_at = time.monotonic(), 0.0
    with _listening(cluster):  # the system answers; nothing needs to be read
        faults = _faults(cluster, others)
        while faults:
            waited = time.monotonic() - started
            if signals.has_come():
                raise signals.stopped("while it waited for other workers; nothing to save")
            if waited >= limit:
                raise _not_started(cluster, faults, limit)
            if waited >= tell_at:
                print(f"waiting for {_named(cluster, faults)} ({clock(waited)} of {clock(limit)})")
                tell_at += _TELL_SECONDS
            time.sleep(_PAUSE_SECONDS)
            faults = _faults(cluster, faults)


@contextlib.contextmanager
def _listening(cluster: Cluster):
    """Takes connections at this worker's port, as TensorFlow does later: on all interfaces."""
    address = cluster.workers[cluster.index]
    try:
        listener = socket.create_server(("", _place(address)[1]), backlog=len(cluster.workers))
    except (OSError, OverflowError) as error:
        raise UserError(
            f"worker {cluster.index} cannot listen at {address}: {error}. Another process may use "
            "that port; choose another one in TF_CONFIG, the same for all workers."
        ) from None
    with listener:
        yield


def _faults(cluster: Cluster, numbers: Iterable[int]) -> Dict[int, str]:
    """{number: why it does not answer} of those workers that do not."""
    found = {number: _fault(cluster.workers[number]) for number in numbers}
    return {number: fault for number, fault in found.items() if fault}


def _fault(address: str) -> Optional[str]:
    try:
        socket.create_connection(_place(address), _CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        return getattr(error, "strerror", None) or str(error)
    return None


def _place(address: str) -> "tuple[str, int]":
    host, _, port = address.rpartition(":")
    return host, int(port)


def _named(cluster: Cluster, numbers: Iterable[int]) -> str:
    return shown.listed(f"worker {number} ({cluster.workers[number]})" for number in numbers)


def _not_started(cluster: Cluster, faults: Dict[int, str], limit: float) -> UserError:
    why = next(iter(faults.values()))
    return UserError(
        f"not started within {clock(limit)}: {_named(cluster, faults)}: {why}. Start all workers "
        "with the same command, each with its own index in TF_CONFIG."
    )
