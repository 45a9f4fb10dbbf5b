"""Step profile: where the time of a step goes, by what TensorFlow's profiler sees on the GPU.

A job: {"small", "name": of the model, "shape": [rows, tokens]}.
"""

import collections
import glob
import os
import re
import tempfile

from bench.gpu import device, row
from bench.gpu.row import SKIPPED, tell

_STEPS, _MOST = 5, 12
# Names of kernels that multiply matrices: cuBLAS' own and CUTLASS'.
_PRODUCTS = re.compile(r"gemm|cutlass|nvjet|xmma|cublas|dot_", re.IGNORECASE)


def main(job: dict) -> None:
    device.begin(job)
    from bench.gpu import taken

    with tempfile.TemporaryDirectory() as folder:
        steps = taken.steps_on_one_batch(job, job["shape"], folder)
        steps.take(_STEPS)
        kernels, seconds = _traced(steps, folder)
    if kernels:
        _tell(kernels, seconds)
    else:
        tell("kernels", "the profiler saw no GPU", SKIPPED)


def _traced(steps, folder) -> tuple:
    """({name: [seconds of each run]} of the kernels of a step, seconds of a step)."""
    import tensorflow as tf

    tf.profiler.experimental.start(folder)
    seconds = steps.take(_STEPS).seconds / _STEPS
    tf.profiler.experimental.stop()
    kernels = collections.defaultdict(list)
    for name, duration in _events(folder):
        kernels[name].append(duration)
    return kernels, seconds


def _events(folder):
    """(name, seconds) of each kernel and copy in the profile."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    for path in glob.glob(os.path.join(folder, "**", "*.xplane.pb"), recursive=True):
        with open(path, "rb") as file:
            space = xplane_pb2.XSpace.FromString(file.read())
        planes = [plane for plane in space.planes if plane.name.startswith("/device:GPU")]
        for plane in planes:
            streams = [line for line in plane.lines if line.name.startswith("Stream")]
            for event in (event for line in streams for event in line.events):
                yield plane.event_metadata[event.metadata_id].name, event.duration_ps * 1e-12


def _tell(kernels, seconds) -> None:
    kinds = collections.Counter()
    for name, durations in kernels.items():
        kinds[_kind(name)] += sum(durations) / _STEPS
    kinds["none: the GPU waits"] = seconds - sum(kinds.values())
    for kind, part in kinds.most_common():
        tell(f"kernels, {kind}", f"{part * 1e3:.2f} ms of a step, {part / seconds:.0%}",
             seconds=part)  # fmt: skip
    count = sum(map(len, kernels.values())) / _STEPS
    tell("kernels of a step", f"{count:.0f} in {seconds * 1e3:.2f} ms", count=count)
    for name, durations in sorted(kernels.items(), key=lambda item: -sum(item[1]))[:_MOST]:
        part = sum(durations) / _STEPS
        tell(name[:60], f"{part * 1e3:.2f} ms in {len(durations) / _STEPS:.0f} runs")


def _kind(name: str) -> str:
    """A fusion is called after the operations in it, as XLA's dump of the program has them."""
    if _PRODUCTS.search(name):
        return "matrix products"
    return re.sub(r"[_\d.]+$", "", name) if "fusion" in name else "others"


if __name__ == "__main__":
    row.main(main)
