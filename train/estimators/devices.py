"""Which devices compute: the backend, how several of them share a batch, and in what precision."""

import ctypes
import glob
import json
import os
import re
import site
from typing import List, Optional, Tuple

import tensorflow as tf

from shared.config import RunConfig
from shared.errors import UserError, plain_message

# What TensorFlow loads for a GPU: the driver; libraries that have CUDA's version; those that count
# their own, of which any will do; and cuDNN.
_DRIVER = "libcuda.so.1"
_CUDA_LIBRARIES = ("cudart", "cublas", "cublasLt", "cusparse")
_OTHER_LIBRARIES = ("cufft", "cusolver")
_THEIR_VERSIONS = range(10, 14)
CLUSTER_VARIABLE = "TF_CONFIG"


def visible_gpus() -> int:
    return len(tf.config.list_physical_devices("GPU"))


def use_cpu() -> None:
    """Keeps everything off the GPUs; before any TensorFlow operation."""
    tf.config.set_visible_devices([], "GPU")


def take_memory_as_needed() -> None:
    """Leaves to others what a run does not need of a GPU; before any TensorFlow operation.

    By itself TensorFlow takes nearly all of its memory at once, and a second process gets none.
    TF_FORCE_GPU_ALLOW_GROWTH=false in the environment brings that back.
    """
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)


def silence_warnings() -> None:
    """TensorFlow 2.2 tells in every run which of its own functions call deprecated ones."""
    tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)


def missing_libraries() -> List[str]:
    """Files that TensorFlow needs for a GPU and this machine cannot load, the driver first."""
    build = tf.sysconfig.get_build_info()
    cuda = str(build.get("cuda_version", "")).split(".")[0]
    cudnn = str(build.get("cudnn_version", "")).split(".")[0]
    names = [_DRIVER, *(f"lib{name}.so.{cuda}" for name in _CUDA_LIBRARIES)]
    missing = [name for name in names if not _can_load(name)]
    missing += filter(_is_missing_in_all_versions, (f"lib{name}.so" for name in _OTHER_LIBRARIES))
    return missing + [name for name in [f"libcudnn.so.{cudnn}"] if not _can_load(name)]


def _is_missing_in_all_versions(name: str) -> bool:
    """The name without a version belongs to packages for developers."""
    return not any(map(_can_load, [name, *(f"{name}.{n}" for n in _THEIR_VERSIONS)]))


def _can_load(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        folders = (*site.getsitepackages(), site.getusersitepackages())
        found = (
            glob.glob(os.path.join(glob.escape(folder), "nvidia", "*", "lib", name + "*"))
            for folder in folders
        )
        return any(found)
    return True


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
            f"{len(names)} {kind}s are visible, one is used; runconfig.enable_distributed: true "
            "uses all of them"
        )
    return None


def _started(kind: str) -> List[str]:
    """The names of the devices of a kind, which TensorFlow starts here.

    Raises:
      UserError: one cannot be started.
    """
    try:
        return [device.name for device in tf.config.list_logical_devices(kind)]
    except tf.errors.OpError as error:
        raise UserError(
            f"TensorFlow cannot start the {kind}: {plain_message(error)}. nvidia-smi shows whether "
            "another process holds its memory; CUDA_VISIBLE_DEVICES picks another GPU, BACKEND=cpu "
            "trains without."
        ) from None


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


def compute_dtype(mixed_precision):
    """The dtype of the matrix products.

    Args: mixed_precision, false, bfloat16, float16, or true for the best that the devices have:
      bfloat16 on CPUs and on GPUs of compute capability 8.0 and more, else float16.
    """
    if mixed_precision is True:
        return tf.bfloat16 if _has_bfloat16() else tf.float16
    return {False: tf.float32, "bfloat16": tf.bfloat16, "float16": tf.float16}[mixed_precision]


def _has_bfloat16():
    details = [
        tf.config.experimental.get_device_details(device)
        for device in tf.config.get_visible_devices("GPU")
    ]
    return all(detail.get("compute_capability", (0, 0)) >= (8, 0) for detail in details)
