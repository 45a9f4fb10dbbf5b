"""Which backend a run uses: the requested one, or the best available."""

import os
import re
import subprocess
import sys

from shared import imports, quiet
from shared.errors import UserError
from train.planning.plan import CPU, GPU, WSE


def keras_later():
    """A context in which TensorFlow is imported without Keras, which comes when it is first used.

    The trainer needs nothing of it, and it takes 0.4 s; 1.4 s where scikit-learn is installed,
    which Keras imports, too.
    """
    # What TensorFlow imports at its own start, for users of Keras' optimizers.
    return imports.without("keras.src.optimizers")


def import_tensorflow(backend: "str | None") -> str:
    """Imports TensorFlow, picks the backend and returns its name; wse must be requested.

    Raises:
      UserError: gpu was requested and none is visible.
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
    """What TensorFlow logs about GPUs, in a separate process that does not suppress its log."""
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
        lines.append(f"It needs libraries that cannot be loaded here: {', '.join(missing)}.")
    if complaints:
        lines += ["TensorFlow's log:", *("  " + complaint for complaint in complaints)]
    lines.append(
        "libcuda.so comes with NVIDIA's driver (check nvidia-smi; in a container, --gpus all), the "
        "others with `make setup EXTRAS=gpu`. BACKEND=cpu trains without a GPU."
    )
    return UserError("\n".join(lines))
