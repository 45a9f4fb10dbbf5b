"""TF_CONFIG, the environment variable through which TensorFlow's tasks find each other.

{"cluster": {"worker": ["host0:2222", "host1:2222"]}, "task": {"type": "worker", "index": 0}}
"""

import json
import os
from typing import Any, Dict, List, NamedTuple, Optional

from shared.errors import UserError
from train import slurm

VARIABLE = "TF_CONFIG"


class Cluster(NamedTuple):
    """The addresses of each job's tasks, and which task this process is.

    task: as written, {"type": ..., "index": ...}. index: 0 if it is not given.
    """

    jobs: Dict[str, List[str]]
    task: Dict[str, Any]
    index: int

    @property
    def workers(self) -> List[str]:
        return self.jobs.get("worker", [])


def read() -> Optional[Cluster]:
    """The cluster in TF_CONFIG; None if it is unset or empty.

    Raises:
      UserError: it is not in the documented form.
    """
    content = os.environ.get(VARIABLE)
    if not content:
        return None
    try:
        loaded = json.loads(content)
        task = loaded.get("task", {})
        jobs = {job: list(addresses) for job, addresses in loaded.get("cluster", {}).items()}
        return Cluster(jobs, task, int(task.get("index", 0)))
    except (ValueError, TypeError, AttributeError):
        raise malformed("JSON as TensorFlow documents it") from None


def write(workers: List[str], index: int) -> Cluster:
    """Sets it for this process, a worker: TensorFlow reads it from there. Returns as `read`."""
    found = Cluster({"worker": workers}, {"type": "worker", "index": index}, index)
    os.environ[VARIABLE] = json.dumps({"cluster": found.jobs, "task": found.task})
    return found


def is_first_worker() -> bool:
    """Whether this process writes for all: the first worker, of Slurm's tasks too, or the only."""
    cluster = read()
    return (cluster.index if cluster else slurm.rank()) == 0


def malformed(expected: str) -> UserError:
    return UserError(f"{VARIABLE} is {os.environ.get(VARIABLE)!r}: expected {expected}")
