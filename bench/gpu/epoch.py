"""Step epoch: an epoch of SST-2's shape by the real input path, batch 32, trimmed.

A job: {"small", "work", "name": of the model, "rows": of the train split}.
"""

import tempfile

from bench.gpu import device, row
from bench.gpu.row import check, tell

_CALL, _BATCH = 10, 32
_STARVED = 0.05  # as train/progress.py
_MOST_LENGTHS = 8


def main(job: dict) -> None:
    device.begin(job)
    from bench.gpu import records, taken
    from shared.manifest_file import read_manifest
    from train.data.input_fn import train_input_fn
    from train.gpu import estimator as gpu

    dataset = records.make(job["work"], job["rows"])
    params = taken.params(job, dataset=dataset)
    count = job["rows"] // _BATCH // _CALL
    with tempfile.TemporaryDirectory() as folder:
        estimator = gpu.Estimator(params, folder, {})
        loop = taken.Steps(estimator, train_input_fn(params, manifest=read_manifest(dataset)))
        calls = [loop.take(_CALL) for _ in range(count)]
        programs = estimator.programs()
    waited = _tell(job["name"], calls)
    if not job["small"]:  # on a busy machine, such a small model sometimes waits
        check(f"{job['name']}: waited for input", f"{waited:.2%}, at most {_STARVED:.0%}",
              waited <= _STARVED, share=waited)  # fmt: skip
        lengths = programs - 1  # one is the optimizer's
        check("XLA's programs", f"{programs}: of {lengths} lengths", lengths <= _MOST_LENGTHS,
              programs=programs)  # fmt: skip


def _tell(name, calls) -> float:
    """Tells the whole epoch, compiling included, and its second half, where little is new; returns
    the share of the latter that it waited for input."""
    whole = sum(call.seconds for call in calls)
    half = calls[len(calls) // 2 :]
    seconds, steps = sum(call.seconds for call in half), _CALL * len(half)
    waited = sum(call.waited for call in half) / seconds
    epoch = seconds / steps * _CALL * len(calls)
    tell(f"{name}: the first epoch, with compiling", f"{whole:.1f} s", seconds=whole)
    tell(f"{name}: an epoch at the second half's speed",
         f"{epoch:.1f} s, {steps / seconds:,.1f} steps/s, {_BATCH * steps / seconds:,.0f} "
         "examples/s", seconds=epoch)  # fmt: skip
    return waited


if __name__ == "__main__":
    row.main(main)
