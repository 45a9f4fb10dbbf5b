"""How several devices or machines share a batch."""

import re
from typing import List, Optional

import tensorflow as tf

from shared.config import RunConfig
from shared.errors import UserError, plain_message
from train import tf_config
from train.tf_config import Cluster


def strategy(run: RunConfig, backend: str) -> Optional[tf.distribute.Strategy]:
    """How devices share the work of a training batch.

    Across the machines that TF_CONFIG lists (`multiple_workers`), or as local_strategy.

    Raises:
      UserError: TF_CONFIG and the configuration disagree.
    """
    cluster = _cluster(run)
    if cluster:  # first, because it must be created before the devices are listed
        print(f"waiting for {len(cluster.workers)} workers: {', '.join(cluster.workers)}")
        return tf.distribute.MultiWorkerMirroredStrategy()
    return local_strategy(run, backend)


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


def _cluster(run: RunConfig) -> Optional[Cluster]:
    """The participating machines; None if this one is alone."""
    cluster = tf_config.read()
    if cluster and not _is_whole(cluster):
        raise tf_config.malformed(f"something like {_EXAMPLE}")
    if run.multiple_workers:
        if cluster is None:
            raise UserError(
                f"runconfig.multiple_workers is true, but {tf_config.VARIABLE} is not set. On each "
                f"machine set it to {_EXAMPLE} with its own index."
            )
        return cluster
    if cluster and len(cluster.workers) > 1:
        raise UserError(
            f"{tf_config.VARIABLE} lists {len(cluster.workers)} workers, but "
            "runconfig.multiple_workers is false: each of them would train alone. Set it to true, "
            f"or unset {tf_config.VARIABLE}."
        )
    return None


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
