"""Whether the labels of a user's training file are classes or scores, and what each means."""

import re
import unicodedata
from collections import Counter, defaultdict
from typing import Iterable, Optional

import numpy as np

from shared import records, shown

CLASSES, SCORES, SEVERAL = KINDS = ("classes", "scores", "several")
INTEGER = r"[+-]?\d{1,18}"
_DECIMAL = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
_DECIMAL_COMMA = r"[+-]?\d+,\d+"
LITTLE = "nothing but case, white space, Unicode form (NFC, NFD) or the way to write a number"
_NONE = str(records.UNLABELLED)
_FEW = 20  # different numbers, which whole ones of classes are at most


class LabelError(ValueError):
    """A value that is not a label of the task; the text completes `found ...`.

    Attributes: expected, instead of it; None if any label of the task was.
    """

    def __init__(self, found: str, expected: Optional[str] = None):
        super().__init__(found)
        self.expected = expected


class UnclearLabelsError(ValueError):
    """The labels may be classes as well as scores; the text completes `found ...`."""


def text_of(value) -> "str | None":
    """A label as text: JSON's true and 3 become `true` and `3`; None if there is none.

    Raises:
      LabelError: it is a list or an object, or has white space around it, which would make it a
        separate class.
    """
    if not isinstance(value, str):
        return _text_of_json(value)
    stripped = value.strip()
    if stripped and stripped != value:
        raise LabelError(f"the label {shown.value(value)} with white space around it", "it without")
    return stripped or None


def _text_of_json(value) -> "str | None":
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or value != value:  # pandas writes NaN
        return None
    if not isinstance(value, (int, float)):
        raise LabelError(f"the label {shown.value(value)}")
    return str(value)


class Labels:
    """Turns a label into its value in a record.

    Unless it is stated what they are: numbers, some of them with a point or an exponent, are
    scores, but for a few that are all whole, which are unclear; a few other texts among them are
    mistakes. Any other texts are classes, in sorted order (integers by value).

    >>> Labels(["pos", "neg"]).names, Labels(["10", "9"]).names, Labels(["1", "2.5"]).names
    (('neg', 'pos'), ('9', '10'), None)

    Attributes:
      names: of the classes; None for scores.
      unlabelled: the value of a row that has no label.
    """

    unlabelled: "int | tuple[int, ...]" = records.UNLABELLED

    def __init__(self, texts: "Iterable[str] | Counter[str]", stated: "Optional[str]" = None):
        """Args: texts, the label of every row of the training file, or how many rows have each;
          stated, one of KINDS or None.

        Raises:
          UnclearLabelsError: the meaning is unclear.
        """
        counts = Counter(texts)
        self.names = None
        if (stated or _kind(counts)) == CLASSES:
            is_integers = all(re.fullmatch(INTEGER, text) for text in counts)
            key = (lambda text: (int(text), text)) if is_integers else None
            self.names = tuple(sorted(counts, key=key))
        self._index = {name: index for index, name in enumerate(self.names or ())}

    def value(self, text: str) -> "int | float | None":
        """The index of a class, or a score; None if the text, -1, means that there is none.

        Raises:
          LabelError: a class that the training file lacks, or not a finite number.
        """
        if self.names is None:
            return score(text)
        index = self._index.get(text)
        if index is None and not is_none(text):
            raise self._unknown(text)
        return index

    def mark(self, value: "int | float") -> float:
        """What rows' labels are compared by."""
        return value

    def is_one(self, text: str) -> bool:
        """Whether `value` has a value for this text."""
        try:
            return self.value(text) is not None
        except LabelError:
            return False

    def expected(self) -> str:
        """What `value` accepts, for messages."""
        if self.names is None:
            return "a number, for the labels of the training file are scores"
        return f"one of the training file's labels {self.listed()}"

    def listed(self) -> str:
        """The first classes."""
        return shown.listed(map(shown.value, self.names))

    def _unknown(self, text: str) -> LabelError:
        like = next((name for name in self.names if _appearance(name) == _appearance(text)), None)
        if like is None:
            return LabelError(f"the label {shown.value(text)}")
        return LabelError(
            f"the label {text!a} instead of {like!a}",
            f"a label to the letter as in the training file; these differ in {LITTLE}",
        )


def look_alikes(names: "Iterable[str]") -> "list[tuple[str, ...]]":
    """Groups of classes that differ in nothing but LITTLE."""
    groups = defaultdict(list)
    for name in names:
        groups[_appearance(name)].append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def is_none(text: str) -> bool:
    """Whether a label, if it is no class, says that there is none: -1."""
    return text.removesuffix(".0") == _NONE


def score(text: str) -> float:
    """A score as a record holds it, in float32.

    Raises:
      LabelError: it is not a finite number.
    """
    with np.errstate(over="ignore"):
        value = float(np.float32(text)) if re.fullmatch(_DECIMAL, text) else np.nan
    if not np.isfinite(value):
        raise LabelError(f"the label {shown.value(text)}")
    return value


def _kind(counts: Counter) -> str:
    """Whether these labels, {text: rows}, are classes or scores."""
    others = {text for text in counts if not re.fullmatch(INTEGER, text)}
    decimals = {text for text in others if re.fullmatch(_DECIMAL, text)}
    words = others - decimals
    if not decimals:
        if words and all(re.fullmatch(_DECIMAL_COMMA, text) for text in words):
            raise UnclearLabelsError(
                f"labels like {shown.value(min(words))}, with a decimal comma; a score has a point"
            )
        return CLASSES
    if 2 * sum(counts[text] for text in words) >= counts.total():
        raise UnclearLabelsError(
            f"labels like {shown.value(min(decimals))}, a score, and like {shown.value(min(words))}"
        )
    numbers = set(map(float, counts.keys() - words))
    if len(numbers) <= _FEW and all(map(float.is_integer, numbers)):
        raise UnclearLabelsError(
            f"labels like {shown.value(min(decimals))}, decimal numbers that are all whole, as "
            "pandas writes integers in a column with gaps"
        )
    return SCORES


def _appearance(text: str) -> str:
    """The same for labels that a reader would take for one.

    >>> _appearance("Cafe\u0301 ") == _appearance("caf\u00e9"), _appearance("1.0")
    (True, '1.0')
    """
    if re.fullmatch(_DECIMAL, text):
        return repr(float(text))
    normal = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(c for c in normal if c.isprintable()).split())
