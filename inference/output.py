"""Writes answers, one a line, as JSON Lines or CSV; a file appears whole, at the end."""

import csv
import io
import json
import os
import sys
from contextlib import contextmanager
from typing import Any, BinaryIO, Callable, Dict, Iterator, TextIO

from shared.errors import UserError
from shared.files import whole_file

_FORMATS = (".jsonl", ".csv")

# An answer: where its row is, and what the model says (train/scoring/answers.py).
Answer = Dict[str, Any]


def check_name(path: str) -> None:
    """Raises UserError unless the name says which format is meant."""
    if os.path.splitext(path)[1].lower() not in _FORMATS:
        raise UserError(
            f"OUTPUT is {path} (--output): expected a name that ends in {' or '.join(_FORMATS)}"
        )


@contextmanager
def opened(path: "str | None") -> "Iterator[Callable[[Answer], None]]":
    """Yields a function that writes an answer; without a path, to standard output.

    The file appears under its name when the block ends without an error.
    """
    if path is None:
        yield _json_lines(sys.stdout)
        return
    with whole_file(path) as whole, _as_text(whole) as file:
        is_csv = path.lower().endswith(".csv")
        yield _Table(file).write if is_csv else _json_lines(file)


@contextmanager
def _as_text(binary: BinaryIO) -> Iterator[TextIO]:
    """Text for a file that stays open; names of files that are not UTF-8 are escaped, as in it."""
    text = io.TextIOWrapper(binary, "utf-8", "backslashreplace", newline="")
    yield text
    text.detach()


def _json_lines(file: TextIO) -> "Callable[[Answer], None]":
    return lambda answer: print(json.dumps(answer, ensure_ascii=False), file=file)


class _Table:
    """A CSV table; its first line names the columns of the first answer."""

    def __init__(self, file: TextIO):
        self._writer, self._has_header = csv.writer(file), False

    def write(self, answer: Answer) -> None:
        columns = _columns(answer)
        if not self._has_header:
            self._writer.writerow(columns)
            self._has_header = True
        self._writer.writerow(columns.values())


def _columns(answer: Answer) -> Answer:
    """{"label": "a", "probabilities": {"a": 0.75}} -> {"label": "a", "probability of a": 0.75}"""
    probabilities = answer.get("probabilities", {})
    plain = {name: value for name, value in answer.items() if name != "probabilities"}
    return {**plain, **{f"probability of {name}": p for name, p in probabilities.items()}}
