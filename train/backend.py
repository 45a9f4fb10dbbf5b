"""Which backend a run uses: the one asked for, or the best that is there."""

import os
import re
import subprocess
import sys

from shared import quiet
from shared.errors import UserError
from train.plan import CPU, GPU, WSE


def import_tensorflow(backend: "str | None") -> str:
    """Imports TensorFlow, picks the backend and returns its name; wse is never picked by itself.

    Raises:
      UserError: gpu was asked for and none is visible.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with quiet.native_stderr():
        from train import devices

        if backend == WSE:
            devices.silence_warnings()
        gpus = devices.visible_gpus() if backend in (None, GPU) else 0
        if gpus == 0:
            devices.use_cpu()
        else:
            devices.take_memory_as_needed()
    if backend == GPU and gpus == 0:
        raise _no_gpu(devices.missing_libraries(), _complaints())
    return WSE if backend == WSE else GPU if gpus else CPU


def _complaints():
    """What TensorFlow says of GPUs where nothing keeps it quiet: in a process of its own."""
    program = "import tensorflow as tf; tf.config.list_physical_devices()"
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0"}
    finished = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )
    return re.findall(r".*\b(?:GPU|CUDA|cuInit|cuDNN|dlopen)\b.*", finished.stderr)


def _no_gpu(missing, complaints):
    lines = ["--backend gpu, but TensorFlow sees no GPU."]
    if missing:
        lines.append(f"It needs libraries that this machine cannot load: {', '.join(missing)}.")
    if complaints:
        lines += ["It said:", *("  " + complaint for complaint in complaints)]
    lines.append(
        "libcuda.so comes with NVIDIA's driver (check nvidia-smi; in a container, --gpus all), the "
        "others with `make setup EXTRAS=gpu`. BACKEND=cpu trains without."
    )
    return UserError("\n".join(lines))
