"""The devices that TensorFlow sees and may use, and the libraries that a GPU needs."""

import ctypes
import glob
import os
import site
from typing import List

import tensorflow as tf

# What TensorFlow loads for a GPU: the driver; libraries with CUDA's version; libraries with their
# own versions, any of which will do; and cuDNN.
_DRIVER = "libcuda.so.1"
_CUDA_LIBRARIES = ("cudart", "cublas", "cublasLt", "cusparse")
_OTHER_LIBRARIES = ("cufft", "cusolver")
_THEIR_VERSIONS = range(10, 14)


def visible_gpus() -> int:
    return len(tf.config.list_physical_devices("GPU"))


def use_cpu() -> None:
    """Keeps everything off the GPUs; call it before any TensorFlow operation."""
    tf.config.set_visible_devices([], "GPU")


def take_memory_as_needed() -> None:
    """Takes a GPU's memory only as needed; call it before any TensorFlow operation.

    By default TensorFlow takes nearly all of it at once, and a second process gets none.
    TF_FORCE_GPU_ALLOW_GROWTH=false in the environment restores that.
    """
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)


def silence_warnings() -> None:
    """TensorFlow 2.2 warns in every run that its own functions call deprecated ones."""
    tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)


def missing_libraries() -> List[str]:
    """Files that TensorFlow needs for a GPU but that cannot be loaded here, the driver first."""
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
