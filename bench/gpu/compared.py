"""What follows from the figures of several steps: ours beside PyTorch's, and the goals."""

from bench.gpu.results import Results
from bench.gpu.row import Row

_STEPS = ("speed", "speed-more", "speed-large")
# {the other: the smallest ratio of examples per second}; what a goal is about are these shapes.
_GOALS = {"torch": 1.0, "torch-compiled": 0.9}
_SHAPES = ("base, 128 x 128", "base, 32 x 128")
_SHARE_SHAPE, _SHARE = "base, 128 x 128", 0.45
MET, MISSED = "goal met", "goal missed"


def add(results: Results) -> None:
    """Adds a row for each shape that both have run, and for the share of the peak."""
    _add_determinism(results)
    for step in _STEPS:
        ours = results.numbers(step)
        for other, goal in _GOALS.items():
            theirs = results.numbers(f"{step}-{other}")
            for what in (what for what in ours if "seconds" in ours[what] and what in theirs):
                ratio = theirs[what]["seconds"] / ours[what]["seconds"]
                verdict = _verdict(ratio >= goal) if what in _SHAPES else ""
                name = f"{what}, our examples/s to {other}'s"
                results.add("compared", Row(name, f"{ratio:.2f}", verdict, {"ratio": ratio}))
        if _SHARE_SHAPE in ours:
            share = ours[_SHARE_SHAPE]["share"]
            row = Row(
                f"{_SHARE_SHAPE}, share of the peak", f"{share:.0%}", _verdict(share >= _SHARE)
            )
            results.add("compared", row)


def _add_determinism(results: Results) -> None:
    """Adds what it costs to get the same bits every time."""
    found = [row["seconds"] for step in ("resume", "resume-deterministic")
             for row in results.numbers(step).values() if "seconds" in row]  # fmt: skip
    if len(found) == 2:
        usual, same = found
        value = f"{(same - usual) * 1e3:+.2f} ms a step, {same / usual - 1:+.0%}"
        results.add("compared", Row("cost of determinism", value))


def _verdict(holds: bool) -> str:
    return MET if holds else MISSED
