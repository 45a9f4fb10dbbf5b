"""The steps of the proof, in order: the most valuable ones first, as time may run out."""

from typing import NamedTuple

from bench.gpu import sizes

_PRODUCT = 8192
_FLOAT32, _MIXED = [["float32", False], ["float32", True]], ["bfloat16", "float16"]
_FEW = [["float32", False], ["bfloat16", True]]
_SHAPES = [[128, 128], [32, 128]]
_MORE_SHAPES = [[128, 72], [32, 72], [32, 448], [128, 448]]
_LARGE_SHAPES = [[32, 128], [128, 128], [32, 448]]


class Step(NamedTuple):
    """One process.

    name: for --only. module: below bench.gpu. seconds: after which it is killed. job: its
    argument. is_peer: whether it runs in PyTorch's interpreter. environment: more variables.
    """

    name: str
    module: str
    seconds: int
    job: dict
    is_peer: bool = False
    environment: dict = {}  # noqa: RUF012


def steps(small: bool) -> "list[Step]":
    """All steps; args: small, in sizes that a CPU runs in seconds."""
    common = {"small": small}
    all_runs = _FLOAT32 + [[dtype, xla] for dtype in _MIXED for xla in (True, False)]
    golden = {**common, "is_tf32": False, "runs": _FEW if small else all_runs}
    peak = {"size": 256 if small else _PRODUCT}
    return [
        Step("smoke", "smoke", 90, {**common, **peak}),
        Step("golden", "golden", 150, golden),
        *_speed("speed", "base", _SHAPES, small),
        Step("golden-tf32", "golden", 90, {**golden, "is_tf32": True, "runs": _FLOAT32[small:]}),
        *_speed("speed-more", "base", _MORE_SHAPES, small),
        *_speed("speed-large", "large", _LARGE_SHAPES, small),
    ]


def _speed(name, model, shapes, small) -> "list[Step]":
    """Ours, then PyTorch's eager and compiled, on the same shapes."""
    if small:
        model, shapes = "tiny", [[4, 16]]
    job = {"small": small, "name": model, "shapes": shapes, "groups": 1 if small else 7,
           "peak_of": 256 if small else _PRODUCT}  # fmt: skip
    operations = [sizes.operations(model, *shape)[1] for shape in shapes]
    theirs = {**job, "model": sizes.for_transformers(model), "operations": operations}
    limit = 60 + 60 * len(shapes)
    return [
        Step(name, "speed", limit, job),
        Step(f"{name}-torch", "speed_torch", limit, {**theirs, "compiled": False}, True),
        Step(f"{name}-torch-compiled", "speed_torch", limit, {**theirs, "compiled": True}, True),
    ]
