"""Step smoke: which device, driver and libraries; whether they multiply matrices."""

import os
import re
import subprocess
import sys

from bench.gpu import device, row
from bench.gpu.row import SKIPPED, tell


def main(job: dict) -> None:
    tell("driver", *_driver())
    backend = device.begin(job)
    import numpy as np
    import tensorflow as tf

    from bench.gpu import product

    build = tf.sysconfig.get_build_info()
    tell("TensorFlow", f"{tf.__version__}, Python {sys.version.split()[0]}, NumPy {np.__version__}")
    built = {name: build.get(f"{name}_version", "none") for name in ("cuda", "cudnn")}
    tell("it was built for", f"CUDA {built['cuda']}, cuDNN {built['cudnn']}")
    tell("libraries in use", _libraries() or "none of CUDA's")
    tell("flags", " ".join(os.environ.get(name, "") for name in ("XLA_FLAGS", "TF_XLA_FLAGS")))
    tell("device", f"{backend}: {_devices(tf)}", gpus=len(tf.config.list_logical_devices("GPU")))
    for use_xla in (False, True):
        found = product.rate(job["size"], tf.bfloat16, use_xla)
        name = f"products of {job['size']} squared, bfloat16, XLA {'on' if use_xla else 'off'}"
        tell(name, f"{found / 1e12:.2f} TFLOP/s", row.PASSED, rate=found)


def _driver() -> "tuple[str, str]":
    """(what nvidia-smi says, the verdict)."""
    query = "--query-gpu=name,driver_version,memory.total,memory.used,pstate"
    try:
        found = subprocess.run(
            ["nvidia-smi", query, "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "nvidia-smi not found", SKIPPED
    return (found.stdout or found.stderr).strip().replace("\n", "; "), ""


def _libraries() -> str:
    """Files of CUDA's libraries that this process has loaded."""
    with open("/proc/self/maps", encoding="utf-8") as file:
        names = re.findall(r"/(lib(?:cuda|cudart|cublas|cublasLt|cudnn)\.so[.\d]*)", file.read())
    return ", ".join(sorted(set(names)))


def _devices(tf) -> str:
    gpus = tf.config.list_physical_devices("GPU")
    details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
    shown = [f"{each.get('device_name')} ({each.get('compute_capability')})" for each in details]
    return ", ".join(shown) or f"{os.cpu_count()} processors"


if __name__ == "__main__":
    row.main(main)
