"""How several devices or machines share a batch."""

import json
import os
import re
from typing import List, Optional, Tuple

import tensorflow as tf

from shared.config import RunConfig
from shared.errors import UserError

CLUSTER_VARIABLE = "TF_CONFIG"


def strategy(run: RunConfig, backend: str) -> Optional[tf.distribute.Strategy]:
    """How devices share the work of a training batch.

    Those of several machines (`multiple_workers`), which TF_CONFIG lists; or as local_strategy.

    Raises:
      UserError: TF_CONFIG and the configuration disagree.
    """
    workers = _workers(run)
    if workers:  # asked first: it must be made before the devices are listed
        print(f"waits for {len(workers)} workers: {', '.join(workers)}")
        return tf.distribute.MultiWorkerMirroredStrategy()
    return local_strategy(run, backend)


def local_strategy(run: RunConfig, backend: str) -> Optional[tf.distribute.Strategy]:
    """All GPUs of this machine (`enable_distributed`; on the cpu backend all logical CPUs), or None
    for one device."""
    kind = backend.upper()
    names = [device.name for device in tf.config.list_logical_devices(kind)]
    if run.enable_distributed and len(names) > 1:
        return tf.distribute.MirroredStrategy(names)
    if len(names) > 1:
        print(
            f"{len(names)} {kind}s are visible, one is used; runconfig.enable_distributed: true "
            "uses all of them"
        )
    return None


def _workers(run: RunConfig) -> List[str]:
    """The addresses of the machines that take part; empty for this one alone."""
    content = os.environ.get(CLUSTER_VARIABLE)
    workers = _task(content)[0] if content else []
    if run.multiple_workers and not content:
        raise UserError(
            f"runconfig.multiple_workers is true, but {CLUSTER_VARIABLE} is not set. On each "
            f"machine set it to {_EXAMPLE} with its own index."
        )
    if not run.multiple_workers and len(workers) > 1:
        raise UserError(
            f"{CLUSTER_VARIABLE} lists {len(workers)} workers, but runconfig.multiple_workers is "
            f"false: each of them would train alone. Set it to true, or unset {CLUSTER_VARIABLE}."
        )
    return workers if run.multiple_workers else []


_EXAMPLE = (
    '\'{"cluster": {"worker": ["host0:2222", "host1:2222"]}, "task": {"type": "worker", '
    '"index": 0}}\''
)


def _task(content: str) -> Tuple[List[str], int]:
    """(the addresses of the workers, the number of this one) in TF_CONFIG's content."""
    try:
        found = json.loads(content)
        workers, task = found["cluster"]["worker"], found["task"]
        is_right = (
            set(found["cluster"]) == {"worker"}
            and all(re.match(r".+:\d+$", worker) for worker in workers)
            and task["type"] == "worker"
            and type(task["index"]) is int
            and 0 <= task["index"] < len(workers)
        )
    except (ValueError, KeyError, TypeError):
        is_right = False
    if not is_right:
        raise UserError(f"{CLUSTER_VARIABLE} is {content!r}, expected something like {_EXAMPLE}")
    return workers, task["index"]


def worker_index(run: RunConfig) -> int:
    """This machine's number among the workers; 0 where it is alone. Raises as `strategy`."""
    return _task(os.environ[CLUSTER_VARIABLE])[1] if _workers(run) else 0
