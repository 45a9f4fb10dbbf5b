"""Answers an unknown name with the known ones."""

import difflib
from typing import Iterable, Optional

_FEW = 12


def nearest(name: str, choices: Iterable[str]) -> Optional[str]:
    """The choice that `name` may have been meant to be; None if none is like it."""
    return next(iter(difflib.get_close_matches(name, choices, n=1)), None)


def unknown(kind: str, name: str, choices: Iterable[str], page: Optional[str] = None) -> str:
    """A message about a name that is not one of `choices`.

    Args: page, of the documentation, which lists them; it is named where they are more than a few.

    >>> unknown("task", "sst-2", ["sst2", "rte"])
    "unknown task 'sst-2': did you mean 'sst2'? Known: rte, sst2"
    """
    name, choices = str(name), sorted(map(str, choices))
    close = nearest(name, choices)
    hint = f"did you mean '{close}'? " if close else ""
    is_long = page is not None and len(choices) > _FEW
    known = f"All are in {page}" if is_long else f"Known: {', '.join(choices)}"
    return f"unknown {kind} '{name}': {hint}{known}"
