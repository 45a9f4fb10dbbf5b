"""Compares own files with TFDS, and with Hugging Face on the same files: medians of some rounds."""

import os
import statistics
from typing import NamedTuple

from bench.child import Finished
from bench.data import compare, tables
from bench.data.programs import PART_ROWS, TINY_ROWS, Programs
from bench.table import markdown
from shared.errors import UserError

_ROUNDS = 3
_TFDS = "this project, TFDS"


class Files(NamedTuple):
    """The files of a format: all rows, a few, and the part that the peers get."""

    large: str
    tiny: str
    part: str


def checked(given: str) -> "list[str]":
    """The formats of --files; raises UserError for an unknown one."""
    formats = given.split(",")
    for form in formats:
        if form not in tables.WRITERS:
            expected = ", ".join(tables.WRITERS)
            raise UserError(f"FILES (--files) has {form!r}; expected some of {expected}")
    return formats


def measure(programs: Programs, formats: "list[str]", peers_python: "str | None") -> str:
    """The report; args: peers_python, None to skip what needs the peers' environment."""
    files = {form: _files(programs, form) for form in formats}
    runs: dict[str, list] = {}
    for number in range(1, _ROUNDS + 1):
        for name, run in _turn(programs, files, peers_python).items():
            runs.setdefault(name, []).append(run())
            print(f"round {number} of {_ROUNDS}, {name}: {runs[name][-1].seconds:.2f} s")
    return f"\nmedians of {_ROUNDS} rounds\n\n{_table(programs, files, runs)}"


def _files(programs: Programs, form: str) -> Files:
    """Writes them."""
    paths = [os.path.join(programs.work_dir, f"{name}.{form}") for name in Files._fields]
    rows = (programs.large.rows, TINY_ROWS, PART_ROWS)  # all: there are fewer to train on
    programs.write_tables(dict(zip(paths, rows, strict=True)))
    return Files(*paths)


def _turn(programs: Programs, files: "dict[str, Files]", peers_python: "str | None") -> dict:
    """{name: a function that runs it}."""
    turn = {_tiny(_TFDS): lambda: programs.ours(programs.tiny)}
    turn[_TFDS] = lambda: programs.ours(programs.large)
    for form, of in files.items():
        turn[_tiny(_ours(form))] = lambda of=of: programs.own_file(of.tiny, of.tiny)
        turn[_ours(form)] = lambda of=of: programs.own_file(of.large, of.tiny)
        if peers_python:
            turn[_peer(form)] = lambda of=of: programs.load_and_map(peers_python, of.part)
    return turn


def _tiny(name: str) -> str:
    return f"{name}, tiny input"


def _ours(form: str) -> str:
    return f"this project, {form}"


def _peer(form: str) -> str:
    return f"Hugging Face, {form}: load_dataset, then map with num_proc=2"


def _table(programs: Programs, files: "dict[str, Files]", runs: "dict[str, list]") -> str:
    header = ["from a file to a dataset", "rows", "seconds", "rows/s", "to TFDS", "peak MiB"]
    rows = programs.large.rows - programs.tiny.rows
    names = [_TFDS, *map(_ours, files)]
    rates = {name: _rates(runs[_tiny(name)], runs[name], rows) for name in names}
    lines = []
    for form in [None, *files]:
        name = _ours(form) if form else _TFDS
        peak = f"{max(run.peak_bytes for run in runs[name]) / 2**20:,.0f}"
        lines.append(_line(name, rows, rates[name], rates[_TFDS], peak))
        if _peer(form) in runs:
            peers = [timed.rate for timed in runs[_peer(form)]]
            lines.append(_line(_peer(form), PART_ROWS, peers, rates[_TFDS], ""))
    return markdown(header, lines)


def _rates(tiny: "list[Finished]", large: "list[Finished]", rows: int) -> "list[float]":
    """Rows a second in each round, start-up aside."""
    return [rows / seconds for seconds in compare.start_up_aside(tiny, large)]


def _line(
    name: str, rows: int, rates: "list[float]", tfds: "list[float]", peak: str
) -> "list[str]":
    rate = statistics.median(rates)
    ratio = statistics.median(a / b for a, b in zip(rates, tfds, strict=True))
    return [name, f"{rows:,}", f"{rows / rate:.2f}", f"{rate:,.0f}", f"{ratio:.2f}x", peak]
