"""Which of several tasks this process is: the same program runs in all of them."""

import contextlib
import json
import os
from typing import NamedTuple

_VARIABLE = "TF_CONFIG"
_CHIEFS = ("chief", "master")


class Task(NamedTuple):
    """type: "chief" or "worker"; index: among those of its type; is_chief: it trains and writes."""

    type: str
    index: int
    is_chief: bool


def current() -> Task:
    """From TF_CONFIG, which is made from Slurm's variables where it is not set."""
    if _VARIABLE not in os.environ and int(os.environ.get("SLURM_STEP_NUM_TASKS", 1)) > 1:
        os.environ[_VARIABLE] = json.dumps(_from_slurm())
    found = json.loads(os.environ.get(_VARIABLE, "{}"))
    if not found.get("cluster"):
        return Task("chief", 0, True)
    kind, index = found["task"]["type"], int(found["task"]["index"])
    has_chief = any(name in found["cluster"] for name in _CHIEFS)
    return Task(kind, index, kind in _CHIEFS or (not has_chief and index == 0))


def _from_slurm():
    tasks, rank = int(os.environ["SLURM_STEP_NUM_TASKS"]), int(os.environ["SLURM_PROCID"])
    hosts = [f"localhost:{23111 + n}" for n in range(tasks)]
    task = {"type": "worker", "index": rank - 1} if rank else {"type": "chief", "index": 0}
    return {"cluster": {"chief": hosts[:1], "worker": hosts[1:]}, "task": task}


@contextlib.contextmanager
def hidden():
    """Inside, tf.estimator sees no TF_CONFIG, and so does not try to reach the other tasks."""
    value = os.environ.pop(_VARIABLE, None)
    try:
        yield
    finally:
        if value is not None:
            os.environ[_VARIABLE] = value
