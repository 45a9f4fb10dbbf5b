"""The labels of multi-label files: a row has several of the classes, one, or none.

text                          labels            in JSONL and Parquet also
my card was charged twice     refund | urgent   ["refund", "urgent"]
thank you                                       []
"""

import functools
from hashlib import blake2b
from typing import Iterable, Optional

from preprocess.sources.user_labels import CLASSES, LabelError, Labels, text_of
from shared import records, shown
from shared.records import LABEL_SEPARATOR

_MARK_BYTES = 6  # all of whose values a float64 tells apart


def names_of(value) -> "Optional[tuple[str, ...]]":
    """The names in a row's value, each once; None if it says that there is no label.

    >>> names_of("urgent | refund|urgent"), names_of(["a", 3]), names_of(""), names_of(None)
    (('urgent', 'refund'), ('a', '3'), (), None)

    Raises:
      LabelError: a name is empty, is no text, or has the separator in it.
    """
    if isinstance(value, str):
        names = value.split(LABEL_SEPARATOR) if value.strip() else []
    elif isinstance(value, list):
        names = [item if isinstance(item, str) else text_of(item) or "" for item in value]
    else:
        text = text_of(value)
        return None if text is None else (text,)
    names = [name.strip() for name in names]
    if not all(names):
        raise LabelError(f"the labels {shown.value(value)}, of which one has no name")
    for name in names:
        if LABEL_SEPARATOR in name:
            raise LabelError(f"the label {shown.value(name)} with {LABEL_SEPARATOR} in its name")
    return tuple(dict.fromkeys(names))


class LabelSets(Labels):
    """Turns the names of a row into its value in a record: 0 or 1 for each class.

    >>> labels = LabelSets(["refund", "login", "refund"])
    >>> labels.names, labels.value(("refund",)), labels.value(())
    (('login', 'refund'), (0, 1), (0, 0))
    """

    def __init__(self, names: "Iterable[str]"):
        """Args: names, those of every row of the training file, or how many rows have each."""
        super().__init__(names, CLASSES)
        self.unlabelled = (records.UNLABELLED,) * len(self.names)

    def value(self, names: "tuple[str, ...]") -> "Optional[tuple[int, ...]]":
        """One number for each class; None if the only name, -1, means that there is no label.

        Raises:
          LabelError: a class that the training file lacks.
        """
        found = {Labels.value(self, name) for name in names}
        if None in found:  # of -1, which is no class
            if len(found) > 1:
                raise LabelError(f"the labels {shown.value(LABEL_SEPARATOR.join(names))}")
            return None
        return tuple(int(index in found) for index in range(len(self.names)))

    def mark(self, value: "tuple[int, ...]") -> float:
        """A hash, the same for the same classes; UNLABELLED for a row without a label."""
        return records.UNLABELLED if value == self.unlabelled else _hash(value)

    def is_one(self, text: str) -> bool:
        try:
            return bool(text.strip()) and self.value(names_of(text)) is not None
        except LabelError:
            return False

    def expected(self) -> str:
        return f"some of the training file's labels {self.listed()}"


@functools.lru_cache(maxsize=2**10)
def _hash(value: "tuple[int, ...]") -> float:
    return float(int.from_bytes(blake2b(bytes(value), digest_size=_MARK_BYTES).digest(), "big"))
