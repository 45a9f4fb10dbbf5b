"""Imports TensorFlow, picks the backend, and makes an estimator that starts where the plan does."""

import contextlib
import dataclasses
import functools
import os
import re
import signal
import subprocess
import sys

from shared import quiet
from shared.errors import UserError
from train import checkpoint_files, model_dir
from train.plan import CPU, GPU, WSE, Plan


def import_tensorflow(backend: "str | None") -> str:
    """Imports TensorFlow, picks the backend and returns its name; wse is never picked by itself.

    Raises:
      UserError: gpu was asked for and none is visible.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with quiet.native_stderr():
        from train.estimators import devices

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


def estimator(todo: Plan, backend: str, is_training: bool):
    """Returns (an estimator, the path of the checkpoint of model_dir it starts from or None, the
    global step).

    Args: is_training, whether slots and counters are needed too, and other machines.
    Raises:
      UserError: no checkpoint of model_dir can be read, or not all that there should be.
    """
    from train import checkpoint
    from train.estimators import gpu, state

    params, strategy = _prepared(todo, backend, is_training)
    model_dir.make(todo.model_dir)
    path, values = None, todo.weights
    if todo.checkpoints:
        read = functools.partial(state.read_weights, model=params.model)
        if is_training:
            read = functools.partial(
                state.read_checkpoint, model=params.model, options=params.optimizer
            )
        path, values = checkpoint.read_newest(todo.checkpoints, read)
    # A training that starts from another one's checkpoint starts at 0.
    step = 0 if is_training and path is None else checkpoint_files.step_of(path or todo.origin)
    made = gpu.Estimator(params, todo.model_dir, values, strategy)
    todo.weights.clear()  # hundreds of megabytes that nobody reads again
    return made, path, step


def throw_away_estimator(todo: Plan, backend: str, is_training: bool):
    """The same estimator with random weights, which nobody will save; leaves model_dir alone."""
    from train.estimators import gpu

    params, strategy = _prepared(todo, backend, is_training)
    return gpu.Estimator(params, todo.model_dir, {}, strategy)


def _prepared(todo, backend, is_training):
    """(the configuration with runconfig.xla true or false, the strategy)."""
    from train.estimators import devices

    params = _with_xla(todo.params, backend)
    choose = devices.strategy if is_training else devices.local_strategy
    return params, choose(params.runconfig, backend)


def _with_xla(params, backend):
    run = params.runconfig
    xla = backend == GPU if run.xla == "auto" else run.xla
    return dataclasses.replace(params, runconfig=dataclasses.replace(run, xla=xla))


@contextlib.contextmanager
def sigterm_noted():
    """Notes SIGTERM instead of ending the program; yields a function that tells whether it came.

    Inside another one it is the other one that notes it, and goes on doing so.
    """
    outer = signal.getsignal(signal.SIGTERM)
    if isinstance(outer, _Noted):
        yield outer.has_come
        return
    noted = _Noted()
    signal.signal(signal.SIGTERM, noted)
    try:
        yield noted.has_come
    finally:
        signal.signal(signal.SIGTERM, outer)


class _Noted:
    """A signal handler that remembers."""

    def __init__(self):
        self._count = 0

    def __call__(self, *_):
        self._count += 1

    def has_come(self) -> bool:
        return self._count > 0
