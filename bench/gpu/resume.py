"""Step resume: a training that stops and resumes ends with the weights of one that never stopped.

A job: {"small", "work", "name": of the model, "steps", "is_deterministic": whether
the environment asks XLA for the same bits every time}.
"""

import statistics
import tempfile

from bench.gpu import device, row
from bench.gpu.row import PASSED, check, tell

_CALL = 10  # steps, as a training takes them
_ROWS, _TOKENS = 32, 24  # of a batch, of a row


def main(job: dict) -> None:
    device.begin(job)
    whole, _ = _trained(job, None, job["steps"])
    half, _ = _trained(job, None, job["steps"] // 2)
    resumed, seconds = _trained(job, half, job["steps"])  # nothing is left to compile
    name = "determinism on" if job["is_deterministic"] else "as it comes"
    tell(f"{name}: steps of {job['name']}", f"{seconds * 1e3:.2f} ms", seconds=seconds)
    _compare(f"{name}: stopped and gone on", whole, resumed, job["is_deterministic"])
    if not job["small"]:
        again, _ = _trained(job, None, job["steps"])
        _compare(f"{name}: the same training twice", whole, again, job["is_deterministic"])


def _trained(job, values, steps) -> tuple:
    """({name: array} of all that a checkpoint holds after that step, median seconds of a step).

    Args: values, of another one's end; None for a fresh start.
    """
    from bench.gpu import records, taken
    from shared.manifest_file import read_manifest
    from train.data.input_fn import train_input_fn
    from train.gpu import estimator as gpu

    dataset = records.make(job["work"], _ROWS * job["steps"], _TOKENS)
    params = taken.params(job, dataset=dataset)
    first = 0 if values is None else int(values["global_step"])
    batches = train_input_fn(params, manifest=read_manifest(dataset), first_step=first)
    with tempfile.TemporaryDirectory() as folder:
        estimator = gpu.Estimator(params, folder, values or {})
        loop = taken.Steps(estimator, batches)
        calls = [loop.take(_CALL) for _ in range(first, steps, _CALL)]
        tensors = estimator._state.tensors()
    seconds = statistics.median(call.seconds for call in calls) / _CALL
    return {name: tensor.numpy() for name, tensor in tensors.items()}, seconds


def _compare(what, expected, found, must_be_equal) -> None:
    import numpy as np

    differing = {name for name in expected if not np.array_equal(expected[name], found[name])}
    largest = max(float(np.abs(np.subtract(expected[name], found[name], dtype=np.float64)).max())
                  for name in expected)  # fmt: skip
    value = f"{len(differing)} of {len(expected)} tensors differ, by at most {largest:.1e}"
    if must_be_equal:
        check(what, value, not differing, differing=len(differing), largest=largest)
    else:
        tell(what, value, "" if differing else PASSED, differing=len(differing), largest=largest)


if __name__ == "__main__":
    row.main(main)
