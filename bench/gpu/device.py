"""How a step begins: TensorFlow on the GPU, or on the CPU where the job is a small one."""

from train.backend import import_tensorflow


def begin(job: dict) -> str:
    """Imports TensorFlow; returns `gpu` or `cpu`.

    Raises:
      UserError: there is no GPU, and the job would take hours without.
    """
    return import_tensorflow(None if job["small"] else "gpu")
