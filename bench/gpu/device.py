"""How a step begins: with TensorFlow on the GPU, or on the CPU if the job is small."""

from train.backend import import_tensorflow, keras_later
from train.gpu import xla_cache, xla_flags


def begin(job: dict) -> str:
    """Imports TensorFlow as the trainer does; returns `gpu` or `cpu`.

    Raises:
      UserError: there is no GPU, without which the job would take hours.
    """
    xla_flags.choose()
    xla_cache.choose()
    with keras_later():
        return import_tensorflow(None if job["small"] else "gpu")
