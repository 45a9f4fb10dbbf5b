"""Whether the labels of a user's training file are classes or scores, and what each means."""

import re
from typing import Iterable

import numpy as np

from shared import records

_SHOWN = 20  # classes in a message
_INTEGER = r"[+-]?\d{1,18}"
_DECIMAL = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"


class LabelError(ValueError):
    """A value that is not a label of the task; the text completes `found ...`."""


class ReservedScoreError(ValueError):
    """A score that in a record means `no label`."""


def text_of(value) -> str:
    """A label as text: JSON's true and 3 become `true` and `3`.

    Raises:
      LabelError: it is missing, a list or an object, or has white space around it, which would
        make it a separate class.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or value == "":
        raise LabelError("no label")
    if not isinstance(value, (str, int, float)) or value != value:
        raise LabelError(f"the label {value!r}")
    if str(value).strip() != str(value):
        raise LabelError(f"the label {value!r} with white space around it")
    return str(value)


class Labels:
    """Turns a label into its value in a record.

    Numbers, some of them with a point or an exponent, are scores. Any other texts are classes, in
    sorted order (integers by value).

    >>> Labels({"pos", "neg"}).names, Labels({"10", "9"}).names, Labels({"1", "2.5"}).names
    (('neg', 'pos'), ('9', '10'), None)

    Attributes:
      names: of the classes; None for scores.
    Raises:
      LabelError: some are decimals and some are not numbers, so the meaning is unclear.
    """

    def __init__(self, texts: "Iterable[str]"):
        texts = set(texts)
        others = {text for text in texts if not re.fullmatch(_INTEGER, text)}
        decimals = {text for text in others if re.fullmatch(_DECIMAL, text)}
        if decimals and decimals != others:
            raise LabelError(
                f"labels like {min(decimals)!r}, a score, and like {min(others - decimals)!r}"
            )
        ordered = sorted(texts, key=None if others else lambda text: (int(text), text))
        self.names = None if decimals else tuple(ordered)
        self._index = {name: index for index, name in enumerate(ordered)}

    def value(self, text: str):
        """The index of a class (int), or a score (float).

        Raises:
          LabelError: a class that the training file lacks, or not a finite number.
          ReservedScoreError: the score is -1.
        """
        if self.names is None:
            return score(text)
        if text not in self._index:
            raise LabelError(f"the label {text!r}")
        return self._index[text]

    def expected(self) -> str:
        """What `value` accepts, for messages."""
        if self.names is None:
            return "a number, as in the training file"
        return f"one of the training file's labels {self.shown()}"

    def shown(self) -> str:
        """The first classes."""
        shown = ", ".join(repr(name) for name in self.names[:_SHOWN])
        more = f" and {len(self.names) - _SHOWN:,} more" if len(self.names) > _SHOWN else ""
        return shown + more


def score(text: str) -> float:
    """A score as a record holds it, in float32.

    Raises:
      LabelError: it is not a finite number.
      ReservedScoreError: it is -1.
    """
    with np.errstate(over="ignore"):
        value = float(np.float32(text)) if re.fullmatch(_DECIMAL, text) else np.nan
    if not np.isfinite(value):
        raise LabelError(f"the label {text!r}")
    if value == records.UNLABELLED:
        raise ReservedScoreError(
            f"the score {text}: in a record {records.UNLABELLED} means `no label`; "
            "rescale the scores, for example to 0 ... 5"
        )
    return value
