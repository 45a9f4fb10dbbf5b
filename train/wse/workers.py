"""Which of several tasks this process is: csrun_wse runs the same program in all of them."""

import os
from typing import NamedTuple

from shared.errors import UserError
from train import slurm, tf_config


class Worker(NamedTuple):
    """One of `count` processes that read; the first `index` is 0."""

    index: int
    count: int


def this_worker() -> Worker:
    """Which of the input workers this process is, from TF_CONFIG; the only one if that is unset.

    Cerebras' software sets it; its form there is not published. As in the Model Zoo, the list
    cluster.worker counts and task.index is a position in it, for any type of task: a chief outside
    the list reads the same as worker 0, of which it only needs the shapes.

    Raises:
      UserError: TF_CONFIG is not in the documented form.
    """
    return _cluster()[0]


def _cluster():
    """(the Worker, whether TF_CONFIG lists a chief separate from the workers)."""
    cluster = tf_config.read()
    if cluster is None:
        return Worker(0, 1), False
    worker = Worker(cluster.index, len(cluster.workers) or 1)
    if not 0 <= worker.index < worker.count:
        raise tf_config.malformed(
            "cluster.worker, a list of addresses, and task.index, a position in it"
        )
    return worker, "chief" in cluster.jobs


def are_told_apart() -> bool:
    """Whether each task can tell which worker it is."""
    return tf_config.VARIABLE in os.environ or slurm.tasks() == 1


def check_one_reader() -> None:
    """Checks that one worker feeds a prediction: from several, the order of answers is unknown.

    Of two tasks, which Slurm counts in csrun_wse's two groups together, one is the chief; of two
    listed workers one may be.

    Raises:
      UserError: several workers would feed it.
    """
    worker, has_chief = _cluster()
    if worker.count > (1 if has_chief else 2) or slurm.tasks() > 2:
        count = max(worker.count, slurm.tasks() - 1)
        raise UserError(
            f"several input workers ({count}) would feed the prediction, each from the first "
            "record on; start only one: csrun_wse --total-nodes 2 --tasks-per-node 1, as "
            "`make predict` does if CSRUN_ARGS is empty"
        )
