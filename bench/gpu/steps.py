"""The steps of the proof, in order: the most valuable ones first, as time may run out."""

import os
from typing import NamedTuple

from bench.gpu import sizes

_PRODUCT, _SMALL_PRODUCT = 8192, 256
_FLOAT32, _MIXED = [["float32", False], ["float32", True]], ["bfloat16", "float16"]
_ALL_RUNS = _FLOAT32 + [[dtype, xla] for dtype in _MIXED for xla in (True, False)]
_SHAPES = [[128, 128]]
_MORE_SHAPES = [[32, 128], [128, 72], [32, 72], [32, 448], [128, 448]]
_LARGE_SHAPES = [[32, 128], [128, 128], [32, 448]]
_SST2 = 67349
# To get the same bits every time: from TensorFlow's own operations, and from XLA's programs.
_TF_DETERMINISTIC = {"TF_DETERMINISTIC_OPS": "1"}
_XLA_DETERMINISTIC = "--xla_gpu_deterministic_ops=true"


class Step(NamedTuple):
    """One process.

    name: for --only. module: below bench.gpu. seconds: after which it is killed. job: its
    argument. is_peer: whether it runs in PyTorch's interpreter. environment: more variables.
    is_long: whether it runs only when asked for. skipped: why it does not run, or empty.
    """

    name: str
    module: str
    seconds: int
    job: dict
    is_peer: bool = False
    environment: dict = {}  # noqa: RUF012
    is_long: bool = False
    skipped: str = ""


def steps(small: bool) -> "list[Step]":
    """All steps; args: small, in sizes that a CPU runs in seconds."""
    found = _small() if small else _large()
    return [step._replace(job={"small": small, **step.job}) for step in found]


def _large() -> "list[Step]":
    """The first ones, by what each took on an H100, need about five minutes."""
    ours, eager, compiled = _speed("speed", "base", _SHAPES)
    return [
        Step("smoke", "smoke", 120, {"size": _PRODUCT}),
        Step("golden", "golden", 200, {"is_tf32": False, "runs": _ALL_RUNS}),
        ours,
        eager,
        Step("messages", "messages", 100, {}),
        Step("resume", "resume", 120, _resume("minilm", 60, False)),
        Step("memory", "memory", 200, {}),
        *map(_long, [
            compiled,
            Step("profile", "profiled", 100, {"name": "base", "shape": _SHAPES[0]}),
            Step("golden-tf32", "golden", 100, {"is_tf32": True, "runs": _FLOAT32}),
            Step("resume-deterministic", "resume", 120, _resume("minilm", 60, True),
                 environment=_deterministic()),
            Step("crossing", "crossing", 150, {}),
            Step("epoch", "epoch", 150, {"name": "minilm", "rows": _SST2}),
            Step("compile", "compiled", 200, {"name": "minilm", "rows": _SST2}),
            *_speed("speed-more", "base", _MORE_SHAPES),
            *_speed("speed-large", "large", _LARGE_SHAPES),
        ]),
    ]  # fmt: skip


def _long(step: Step) -> Step:
    return step._replace(is_long=True)


def _small() -> "list[Step]":
    """The same names. What only a GPU can show is skipped, and what other steps show, too."""
    ours, eager, compiled = _speed("speed", "smallest", [[4, 16]], 1, _SMALL_PRODUCT)
    on_a_gpu = {"seconds": 0, "job": {}, "skipped": "needs a GPU"}
    return [
        Step("smoke", "smoke", 60, {"size": _SMALL_PRODUCT}),
        Step("golden", "golden", 120, {"is_tf32": False, "runs": [["float32", False]]}),
        ours,
        eager,
        Step("messages", "messages", 120, {}),
        Step("resume", "resume", 120, _resume("smallest", 20, False)),
        Step("memory", "memory", **on_a_gpu),
        compiled,
        Step("profile", "profiled", 60, {"name": "smallest", "shape": [4, 16]}),
        Step("golden-tf32", "golden", **on_a_gpu),
        Step("resume-deterministic", "resume", **on_a_gpu),
        Step("crossing", "crossing", 120, {}),
        Step("epoch", "epoch", 120, {"name": "smallest", "rows": 640}),
        Step("compile", "compiled", 180, {"name": "smallest", "rows": 32}),
        *(step._replace(skipped="the step speed has shown the program")
          for name in ("speed-more", "speed-large") for step in _speed(name, "smallest", [])),
    ]  # fmt: skip


def _resume(model: str, count: int, is_deterministic: bool) -> dict:
    return {"name": model, "steps": count, "is_deterministic": is_deterministic}


def _deterministic() -> dict:
    """The environment of a training that gives the same bits every time."""
    flags = f"{os.environ.get('XLA_FLAGS', '')} {_XLA_DETERMINISTIC}".strip()
    return {"XLA_FLAGS": flags, **_TF_DETERMINISTIC}


def _speed(name, model, shapes, groups=7, peak_of=_PRODUCT) -> "list[Step]":
    """Ours, then PyTorch's eager and compiled, on the same shapes."""
    job = {"name": model, "shapes": shapes, "groups": groups, "peak_of": peak_of}
    operations = [sizes.operations(model, *shape)[1] for shape in shapes]
    theirs = {**job, "model": sizes.for_transformers(model), "operations": operations}
    limit = 60 + 120 * len(shapes)  # XLA took up to 88 s for a shape on an H100
    return [
        Step(name, "speed", limit, job),
        Step(f"{name}-torch", "speed_torch", limit, {**theirs, "compiled": False}, True),
        Step(f"{name}-torch-compiled", "speed_torch", limit, {**theirs, "compiled": True}, True),
    ]
