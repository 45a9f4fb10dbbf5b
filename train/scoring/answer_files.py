"""Answers as lines: JSON Lines or CSV, the same for `make predict` and `make classify`.

An answer is a mapping with the same keys in every line; what is not known of a row is None, which
JSON Lines leaves out and CSV leaves empty.
"""

import csv
import io
import json
from contextlib import contextmanager
from typing import Any, BinaryIO, Callable, Dict, Iterator, TextIO

from shared.files import whole_file
from shared.records import LABEL_SEPARATOR

JSON_LINES, CSV = FORMATS = (".jsonl", ".csv")
# Keys of what is known of a row besides the answer.
ID, GIVEN_LABEL, GIVEN_SCORE = "id", "given_label", "given_score"
LABELS, GIVEN_LABELS = "labels", "given_labels"  # lists: of several classes a row
TEXT_KEYS = ("text", "text_b")  # of an example, one or two
PROBABILITY_OF = "probability of "  # before a label, the name of a column

Answer = Dict[str, Any]
Write = Callable[[Answer], None]


@contextmanager
def writing(path: str) -> Iterator[Write]:
    """Yields a function that writes an answer into a file, in the format of its ending.

    The file appears under its name when the block ends without an error.

    Raises:
      UserError: the disk is full, or the path cannot be written.
    """
    with whole_file(path) as whole, _as_text(whole) as file:
        yield _Table(file).write if path.lower().endswith(CSV) else json_lines(file)


@contextmanager
def _as_text(binary: BinaryIO) -> Iterator[TextIO]:
    """Text for a file that stays open; names of files that are not UTF-8 are escaped, as in it."""
    text = io.TextIOWrapper(binary, "utf-8", "backslashreplace", newline="")
    yield text
    text.detach()


def json_lines(file: TextIO) -> Write:
    """A function that writes an answer as one line of JSON."""

    def write(answer: Answer) -> None:
        known = {name: value for name, value in answer.items() if value is not None}
        file.write(json.dumps(known, ensure_ascii=False) + "\n")

    return write


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
    """As the answer, with a column for each probability, in its place, and lists as one text.

    >>> _columns({"label": "a", "probabilities": {"a": 0.75, "b": 0.25}, "text": "x"})
    {'label': 'a', 'probability of a': 0.75, 'probability of b': 0.25, 'text': 'x'}
    """
    columns: Answer = {}
    for name, value in answer.items():
        if name == "probabilities":
            columns.update({PROBABILITY_OF + label: p for label, p in value.items()})
        else:
            is_list = isinstance(value, list)
            columns[name] = LABEL_SEPARATOR.join(value) if is_list else value
    return columns
