"""What the labels of a user's training file mean: classes, or scores."""

import math
import re
from typing import Iterable

from shared import records

_INTEGER = r"[+-]?\d+"
_DECIMAL = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"


class LabelError(ValueError):
    """A value that is no label of the task; the text completes `found ...`."""


class ReservedScoreError(ValueError):
    """A score that a record could not tell from `no label`."""


def text_of(value) -> str:
    """A label as text: JSON's true and 3 become `true` and `3`.

    Raises:
      LabelError: there is none, or it is a list or an object.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or value == "":
        raise LabelError("no label")
    if not isinstance(value, (str, int, float)):
        raise LabelError(f"the label {value!r}")
    return str(value)


class Labels:
    """Turns a label into what a record holds.

    Decimals make scores, unless they are all whole numbers without a point: then, and for any
    other text, each different label is a class, in sorted order (integers by value).

    >>> Labels({"pos", "neg"}).names, Labels({"10", "9"}).names, Labels({"1", "2.5"}).names
    (('neg', 'pos'), ('9', '10'), None)
    """

    def __init__(self, texts: Iterable[str]):
        texts = set(texts)
        integers = all(re.fullmatch(_INTEGER, text) for text in texts)
        is_score = not integers and all(re.fullmatch(_DECIMAL, text) for text in texts)
        ordered = sorted(texts, key=(lambda text: (int(text), text)) if integers else None)
        self.names = None if is_score else tuple(ordered)  # type: Optional[Tuple[str, ...]]
        self._index = {name: index for index, name in enumerate(ordered)}

    def value(self, text: str):
        """The index of a class (int), or a score (float).

        Raises:
          LabelError: a class that the training file does not have, or no finite number.
          ReservedScoreError: the score is -1.
        """
        if self.names is None:
            return _score(text)
        if text not in self._index:
            raise LabelError(f"the label {text!r}")
        return self._index[text]

    def expected(self) -> str:
        """What `value` takes, for messages."""
        if self.names is None:
            return "a number, as in the training file"
        shown = ", ".join(repr(name) for name in self.names[:20])
        more = f" and {len(self.names) - 20} more" if len(self.names) > 20 else ""
        return f"one of the training file's labels {shown}{more}"


def _score(text: str) -> float:
    if not re.fullmatch(_DECIMAL, text) or not math.isfinite(float(text)):
        raise LabelError(f"the label {text!r}")
    if float(text) == records.UNLABELLED:
        raise ReservedScoreError(
            f"the score {text}: in a record {records.UNLABELLED} means that there is no label; "
            "rescale the scores, for example to 0 ... 5"
        )
    return float(text)
