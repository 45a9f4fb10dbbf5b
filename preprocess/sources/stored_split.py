"""The rows of a split as they are stored for the workers, and how they are divided afterwards."""

import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import BinaryIO, Iterator

import numpy as np

from preprocess.formats import tfrecord
from preprocess.sources.row_marks import Marks
from preprocess.sources.rows import RowFile, RowsOfFiles
from shared.files import writing

_ROWS_PER_WRITE = 4096
DROPPED = -1


@dataclass(frozen=True)
class StoredSplit:
    """Attributes: file, of the rows; facts, of where they are from; marks, to compare them by."""

    file: RowFile
    facts: RowsOfFiles
    marks: Marks


def path_of(folder: str, split: str) -> str:
    return os.path.join(folder, split + ".rows")


@contextmanager
def writing_rows(path: str) -> "Iterator[BinaryIO]":
    """Yields a file to write framed rows into; raises UserError if the disk is full."""
    with writing(path), open(path, "wb") as file:
        yield file


def write(path: str, examples: Iterator[bytes]) -> RowFile:
    """Writes a TFRecord file of rows."""
    count, waiting = 0, []
    with writing_rows(path) as file:
        for example in examples:
            waiting.append(example)
            count += 1
            if len(waiting) == _ROWS_PER_WRITE:
                file.write(tfrecord.frame(waiting))
                waiting = []
        file.write(tfrecord.frame(waiting))
    return RowFile(path, count)


def divide(stored: StoredSplit, parts: np.ndarray, paths: "list[str]") -> "list[StoredSplit]":
    """Divides the rows among several files, each in the order that they had; the first part keeps
    what is known of the files, such as how many rows were left out, and is trained on: the others
    need no weights.

    Args:
      parts: the number of each row's path, or DROPPED.
      paths: of the files to write; the stored one's may be among them.
    """
    whole = stored.file.path + ".whole"
    os.rename(stored.file.path, whole)
    files = [
        write(path, _rows_of_part(whole, parts == number)) for number, path in enumerate(paths)
    ]
    os.remove(whole)
    divided = [_part(stored, file, parts == number) for number, file in enumerate(files)]
    weights = stored.facts.weights
    kept = {
        "left_out": stored.facts.left_out,
        "weights": None if weights is None else weights[parts == 0],
    }
    return [replace(divided[0], facts=replace(divided[0].facts, **kept)), *divided[1:]]


def _rows_of_part(path: str, is_wanted: np.ndarray) -> Iterator[bytes]:
    start = 0
    for batch in tfrecord.read(path):
        rows = batch.as_list()
        yield from (rows[at] for at in np.flatnonzero(is_wanted[start : start + len(rows)]))
        start += len(rows)


def _part(stored: StoredSplit, file: RowFile, is_wanted: np.ndarray) -> StoredSplit:
    facts = stored.facts
    ids = None if facts.ids is None else facts.ids.only(is_wanted)
    return StoredSplit(
        file,
        replace(facts, places=facts.places[is_wanted], ids=ids, left_out={}, weights=None),
        stored.marks.of(is_wanted),
    )
