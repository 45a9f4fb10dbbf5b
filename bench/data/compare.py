"""Compares our program with others: each in turn, the medians of some rounds, as a table.

Our time without start-up is the difference of two runs, so it is taken within each round: on a
machine whose speed varies, the best of each would flatter us.
"""

import statistics

from bench.child import Finished
from bench.data.programs import Programs, Timed
from bench.table import markdown
from shared.errors import UserError

_ROUNDS = 5
_IMPORTS, _TINY, _LARGE = "imports", "ours, tiny input", "ours, large input"
_OURS, _OURS_WHOLE = "ours, without start-up", "ours, the whole program"
_WRITER = "TF Text, then a tf.train.Example per record in Python"
_HUGGING_FACE = "Hugging Face: datasets.map, fast tokenizer, num_proc=2"


def measure(programs: Programs, peers_python: "str | None") -> str:
    """The report.

    Args: peers_python, None to skip what needs the peers' environment.
    Raises:
      UserError: start-up cannot be separated from the work.
    """
    runs = _runs(programs, peers_python)
    aside = start_up_aside(runs[_TINY], runs[_LARGE])
    ours = Timed(programs.large.rows - programs.tiny.rows, statistics.median(aside))
    middle = {name: _middle(found) for name, found in runs.items()}
    imports, tiny, large = (middle.pop(name) for name in (_IMPORTS, _TINY, _LARGE))
    whole = Timed(programs.large.rows, large.seconds)
    table = _table({_OURS: ours, _OURS_WHOLE: whole, **middle}, ours)
    spread = f"{_OURS}: {min(aside):.2f} to {max(aside):.2f} s"
    return (
        f"\nmedians of {_ROUNDS} rounds\n\n{table}\n\n{spread}\n{_start_up(imports, tiny, large)}"
    )


def _runs(programs: Programs, peers_python: "str | None") -> "dict[str, list]":
    """{name: the result of each round, Finished or Timed}."""
    if peers_python:
        programs.write_sentences()
    runs = {}
    for number in range(1, _ROUNDS + 1):
        for name, run in _turn(programs, peers_python).items():
            runs.setdefault(name, []).append(run())
            print(f"round {number} of {_ROUNDS}, {name}: {runs[name][-1].seconds:.2f} s")
    return runs


def start_up_aside(tiny: "list[Finished]", large: "list[Finished]") -> "list[float]":
    """Our seconds without start-up in each round."""
    seconds = [b.seconds - a.seconds for a, b in zip(tiny, large, strict=True)]
    if min(seconds) <= 0:
        raise UserError(
            f"in one round the large input took {-min(seconds):.2f} s less than the tiny one: the "
            "speed of this machine varies by more than what is measured; use more --rows, or stop "
            "other programs"
        )
    return seconds


def _middle(found: list):
    """The run with the median duration."""
    return sorted(found, key=lambda run: run.seconds)[len(found) // 2]


def _turn(programs: Programs, peers_python: "str | None") -> dict:
    """{name: a function that runs it}."""
    turn = {
        _IMPORTS: programs.imports,
        _TINY: lambda: programs.ours(programs.tiny),
        _LARGE: lambda: programs.ours(programs.large),
        _WRITER: programs.record_writer,
    }
    if peers_python:
        turn[_HUGGING_FACE] = lambda: programs.hugging_face(peers_python)
    return turn


def _table(timed: "dict[str, Timed]", ours: Timed) -> str:
    header = ["from TFDS to a dataset", "rows", "seconds", "examples/s", "speed-up of ours"]
    rows = [
        [name, f"{t.rows:,}", f"{t.seconds:.2f}", f"{t.rate:,.0f}", f"{ours.rate / t.rate:.1f}x"]
        for name, t in timed.items()
    ]
    return markdown(header, rows)


def _start_up(imports: Finished, tiny: Finished, large: Finished) -> str:
    return (
        f"start-up: imports {imports.seconds:.2f} s, tiny input {tiny.seconds:.2f} s, "
        f"start-up above imports {tiny.seconds - imports.seconds:.2f} s\n"
        f"peak memory: {large.peak_bytes / 2**20:,.0f} MiB on the large input, "
        f"{tiny.peak_bytes / 2**20:,.0f} MiB on the tiny one, "
        f"{imports.peak_bytes / 2**20:,.0f} MiB for the imports"
    )
