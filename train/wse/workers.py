"""Which of several tasks this process is: csrun_wse runs the same program in all of them."""

import os
from typing import NamedTuple

from shared.errors import UserError
from train import tf_config


class Worker(NamedTuple):
    """One of `count` processes that read; the first `index` is 0."""

    index: int
    count: int


def this_worker() -> Worker:
    """Which of the input workers this process is, by TF_CONFIG; alone where it is not set.

    Cerebras' software sets it; what it looks like there is not published. As in the Model Zoo,
    the list cluster.worker counts and task.index is a place in it, whatever the task's type: a
    chief outside the list reads what worker 0 reads, of which it needs the shapes only.

    Raises:
      UserError: it is not what TensorFlow documents.
    """
    return _cluster()[0]


def _cluster():
    """(the Worker, whether TF_CONFIG lists a chief apart from the workers)."""
    cluster = tf_config.read()
    if cluster is None:
        return Worker(0, 1), False
    worker = Worker(cluster.index, len(cluster.workers) or 1)
    if not 0 <= worker.index < worker.count:
        raise tf_config.malformed(
            "cluster.worker, a list of addresses, and task.index, a place in it"
        )
    return worker, "chief" in cluster.jobs


def count() -> int:
    """How many tasks Slurm runs of this program at once, csrun_wse's two groups together; 1 where
    there is no Slurm."""
    return int(os.environ.get("SLURM_STEP_NUM_TASKS") or 1)


def rank() -> int:
    """This task's number among them."""
    return int(os.environ.get("SLURM_PROCID") or 0)


def are_told_apart() -> bool:
    """Whether each of them, if they are several, can tell which worker it is."""
    return tf_config.VARIABLE in os.environ or count() == 1


def check_one_reader() -> None:
    """Stops where several workers would feed a prediction: its answers come in no known order.

    Of two tasks one is the chief; so may be one of two listed workers.

    Raises:
      UserError: they would.
    """
    worker, has_chief = _cluster()
    if worker.count > (1 if has_chief else 2) or count() > 2:
        raise UserError(
            f"several input workers ({max(worker.count, count() - 1)}) would feed the prediction, "
            "each from the first record on; start one: csrun_wse --total-nodes 2 --tasks-per-node "
            "1, as `make predict` does where CSRUN_ARGS is empty"
        )
