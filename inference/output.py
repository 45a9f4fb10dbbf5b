"""Where answers go: a .jsonl or .csv file that appears whole, at the end, or standard output."""

import os
import sys
from contextlib import contextmanager
from typing import Iterator, Optional

from shared.errors import UserError
from train.scoring import answer_files
from train.scoring.answer_files import Write


def check(path: str) -> None:
    """Raises UserError unless the name says which format is meant, nothing has it yet, and its
    folder can be written to."""
    if os.path.splitext(path)[1].lower() not in answer_files.FORMATS:
        raise UserError(
            f"OUTPUT is {path} (--output): expected a name that ends in "
            + " or ".join(answer_files.FORMATS)
        )
    if os.path.lexists(path):
        raise UserError(
            f"OUTPUT is {path} (--output), which already exists and may be of other texts; remove "
            "it, or choose another name"
        )
    folder = os.path.dirname(path) or os.curdir
    if not os.path.isdir(folder):
        raise UserError(
            f"OUTPUT is {path} (--output), but {folder} is no folder; create it, or choose another"
        )
    if not os.access(folder, os.W_OK):
        raise UserError(
            f"OUTPUT is {path} (--output), but {folder} cannot be written to; choose another folder"
        )


@contextmanager
def opened(path: Optional[str]) -> "Iterator[Write]":
    """Yields a function that writes an answer (train/scoring/answer_files.py).

    The file appears under its name when the block ends without an error; without a path, answers
    go to standard output, as JSON Lines.
    """
    if path is None:
        yield answer_files.json_lines(sys.stdout)
        return
    with answer_files.writing(path) as write:
        yield write
