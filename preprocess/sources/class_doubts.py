"""Classes that are probably not what their owner meant: a line for each kind, or a stop."""

import re
from collections import Counter
from typing import Iterator, Optional

from preprocess.sources.user_labels import INTEGER, LITTLE, SEVERAL, look_alikes
from shared import shown
from shared.errors import UserError
from shared.records import LABEL_SEPARATOR

_FEW_LABELS = 20  # of which nothing can be said
_NEARLY_ALL = 0.9  # of the labels, each a class of its own
# As pandas, Python, SQL, R and Excel write a value that is missing.
_MISSING = ("nan", "NaN", "<NA>", "None", "NULL", "null", "NA", "N/A", "#N/A")


def check_column(path: str, column: str, counts: "Counter[str]") -> None:
    """Raises UserError if nearly every label is a class of its own.

    Args: column, of the labels; counts, {class: rows}.
    """
    labels = counts.total()
    if labels < _FEW_LABELS or len(counts) <= _NEARLY_ALL * labels:
        return
    is_numbers = all(re.fullmatch(INTEGER, name) for name in counts)
    or_scores = '; if they are scores, give ARGS="--labels scores"' if is_numbers else ""
    raise UserError(
        f"{path}: {len(counts):,} classes of {labels:,} labels in {shown.value(column)}, such as "
        f"{shown.value(min(counts))}; expected several rows of a class. LABEL is probably another "
        f"column{or_scores}"
    )


def lines(names: "tuple[str, ...]", stated: Optional[str]) -> Iterator[str]:
    """Args: stated, what the user says that labels are."""
    if alike := look_alikes(names):
        groups = shown.listed(" and ".join(map(ascii, group)) for group in alike)
        yield f"classes of their own, though they differ in {LITTLE}: {groups}"
    if broken := [shown.value(name) for name in names if "\n" in name]:
        yield f"classes over several lines: {shown.listed(broken)}"
    if missing := [shown.value(name) for name in names if name in _MISSING]:
        nothing = "-1" if stated == SEVERAL else "an empty field"
        yield f"is {' or '.join(missing)} a class? A missing label is {nothing}"
    if stated is None and (joint := _joint(names)):
        yield (
            f"several labels a row? Classes such as {shown.value(joint)} are made of others; if "
            f'so, give ARGS="--labels {SEVERAL}"'
        )


def _joint(names: "tuple[str, ...]") -> Optional[str]:
    """The first class that others make up, if most with a separator are such."""
    given = [name for name in names if LABEL_SEPARATOR in name]
    made = [
        name
        for name in given
        if {part.strip() for part in name.split(LABEL_SEPARATOR)} <= set(names)
    ]
    return made[0] if len(made) > len(given) / 2 else None
