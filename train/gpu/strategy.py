"""How several devices or machines share a batch."""

import re
from typing import List, Optional

import tensorflow as tf
from tensorflow.python.eager import context

from shared.config import RunConfig
from shared.errors import UserError, plain_message
from train import roll_call, signals, slurm, tf_config
from train.errors import LOST, lost_worker
from train.tf_config import Cluster

_CONNECTING_SECONDS = 60


def strategy(
    run: RunConfig, backend: str, may_be_alone: bool = False
) -> Optional[tf.distribute.Strategy]:
    """How devices share the work.

    Across the machines that TF_CONFIG lists or, if that is unset, on which Slurm runs the tasks
    (`multiple_workers`), or as local_strategy.

    Args: may_be_alone, whether no other machines are fine where multiple_workers is true: a model
      that several have trained may be scored by one.
    Raises:
      UserError: TF_CONFIG and the configuration disagree, or the workers cannot all be connected.
    """
    cluster = _cluster(run, may_be_alone)
    if cluster:  # first, because it must be created before the devices are listed
        roll_call.wait(cluster)
        return _of_workers(cluster)
    return local_strategy(run, backend)


def _of_workers(cluster: Cluster) -> tf.distribute.Strategy:
    """Connects all workers, which have just answered.

    Raises:
      UserError: one of them is lost; or this one cannot be started.
    """
    _limit_connecting(cluster)
    try:
        found = tf.distribute.MultiWorkerMirroredStrategy()
        signals.take_back()  # TensorFlow waits for SIGTERM itself, to tell the other workers
        return found
    except (*LOST, tf.errors.InternalError) as error:
        raise lost_worker(error) from None
    except tf.errors.OpError as error:
        address = cluster.workers[cluster.index]
        raise UserError(f"worker {address} cannot be started: {plain_message(error)}") from None


def _limit_connecting(cluster: Cluster) -> None:
    """Lets TensorFlow wait a minute for a worker that has died since it answered, not an hour.

    It has no public function for this; the other values are those that it would set itself.
    """
    context.context().configure_coordination_service(
        "standalone",
        service_leader="/job:worker/replica:0/task:0",
        cluster_register_timeout_in_ms=_CONNECTING_SECONDS * 1000,
    )
    service = context.context().coordination_service
    service.cluster_register_with_barrier = True
    service.coordinated_job_list.add(name="worker", num_tasks=len(cluster.workers))


def local_strategy(run: RunConfig, backend: str) -> Optional[tf.distribute.Strategy]:
    """All GPUs of this machine (`enable_distributed`; on the cpu backend all logical CPUs), or None
    for one device.

    Raises:
      UserError: a device cannot be started.
    """
    kind = backend.upper()
    names = _started(kind)
    if run.enable_distributed and len(names) > 1:
        return tf.distribute.MirroredStrategy(names)
    if len(names) > 1:
        print(
            f"{len(names)} {kind}s are visible, but only one is used; "
            "runconfig.enable_distributed: true uses all of them"
        )
    return None


def _started(kind: str) -> List[str]:
    """The names of the devices of a kind; TensorFlow starts them here.

    Raises:
      UserError: one of them cannot be started.
    """
    try:
        return [device.name for device in tf.config.list_logical_devices(kind)]
    except tf.errors.OpError as error:
        raise UserError(
            f"TensorFlow cannot start the {kind}: {plain_message(error)}. nvidia-smi shows whether "
            "another process holds its memory; CUDA_VISIBLE_DEVICES picks another GPU, BACKEND=cpu "
            "trains without a GPU."
        ) from None


def worker_index(run: RunConfig) -> int:
    """This machine's number among the workers; 0 if it is alone. Raises as `strategy`."""
    cluster = _cluster(run)
    return cluster.index if cluster else 0


def _cluster(run: RunConfig, may_be_alone: bool = False) -> Optional[Cluster]:
    """The participating machines; None if this one is alone."""
    cluster = tf_config.read()
    if cluster and not _is_whole(cluster):
        raise tf_config.malformed(f"something like {_EXAMPLE}")
    if run.multiple_workers and not (may_be_alone and cluster is None and slurm.tasks() == 1):
        return cluster or _of_slurm()
    count, said_by = slurm.tasks(), "Slurm runs {} tasks"
    if cluster:
        count, said_by = len(cluster.workers), tf_config.VARIABLE + " lists {} workers"
    if count > 1:
        raise UserError(
            f"{said_by.format(count)}, but runconfig.multiple_workers is false: each of them would "
            "work alone. Set it to true, or start only one."
        )
    return None


def _of_slurm() -> Cluster:
    """The tasks of Slurm's step, which are written to TF_CONFIG."""
    if slurm.tasks() == 1:
        raise UserError(
            f"runconfig.multiple_workers is true, but {tf_config.VARIABLE} is not set, and srun "
            f"has not started several tasks. On each machine set it to {_EXAMPLE} with its own "
            "index."
        )
    return tf_config.write(slurm.addresses(), slurm.rank())


_EXAMPLE = (
    '\'{"cluster": {"worker": ["host0:2222", "host1:2222"]}, "task": {"type": "worker", '
    '"index": 0}}\''
)


def _is_whole(cluster: Cluster) -> bool:
    """Whether all tasks are workers with an address, and this process is one of them."""
    return (
        set(cluster.jobs) == {"worker"}
        and all(re.match(r".+:\d+$", str(address)) for address in cluster.workers)
        and cluster.task.get("type") == "worker"
        and type(cluster.task.get("index")) is int
        and 0 <= cluster.index < len(cluster.workers)
    )
