"""Step speed: whole steps of our training, one shape after the other.

A job: {"small", "name": of the model, "shapes": [[rows, tokens], ...], "groups": of ten steps,
whose median counts, "peak_of": size of the product to compare with}.
"""

import statistics
import tempfile

from bench.gpu import device, row, sizes
from bench.gpu.row import tell

# A training calls its loop for up to ten steps.
STEPS_OF_GROUP = 10


def main(job: dict) -> None:
    device.begin(job)
    import tensorflow as tf

    from bench.gpu import product

    peak = product.rate(job["peak_of"], tf.bfloat16)
    tell(f"products of {job['peak_of']} squared, bfloat16", f"{peak / 1e12:.2f} TFLOP/s", rate=peak)
    for shape in job["shapes"]:
        _measure(job, shape, peak)


def _measure(job, shape, peak):
    from bench.gpu import taken

    with tempfile.TemporaryDirectory() as folder:
        steps = taken.steps_on_one_batch(job, shape, folder)
        built = steps.build()
        first = steps.take(1).seconds
        steps.take(STEPS_OF_GROUP)
        calls = [steps.take(STEPS_OF_GROUP) for _ in range(job["groups"])]
    seconds = statistics.median(call.seconds for call in calls) / STEPS_OF_GROUP
    numbers = {
        "first": first,
        "built": built,
        "spread": max(call.seconds for call in calls) / STEPS_OF_GROUP / seconds,
        "loss": calls[-1].loss,
    }
    operations = sizes.operations(job["name"], *shape)
    _tell(job["name"], shape, seconds, operations, peak, numbers)


def _tell(name, shape, seconds, operations, peak, numbers) -> None:
    """Tells how long a step takes; args: operations, that it computes, and with a whole last
    layer; peak, operations per second; first of the numbers, seconds of the first step."""
    rows, tokens = shape
    ours, whole = (number / seconds for number in operations)
    tell(
        f"{name}, {rows} x {tokens}",
        f"{rows / seconds:,.1f} examples/s, {seconds * 1e3:.2f} ms, {ours / 1e12:.2f} TFLOP/s "
        f"({ours / peak:.0%} of the peak; {whole / peak:.0%} counting a whole last layer), "
        f"first step {numbers['first']:.1f} s",
        rows=rows, tokens=tokens, seconds=seconds, share=ours / peak, whole_share=whole / peak,
        **numbers,
    )  # fmt: skip


if __name__ == "__main__":
    row.main(main)
