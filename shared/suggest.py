"""Answers an unknown name with the known ones."""

import difflib
from typing import Iterable


def unknown(kind: str, name: str, choices: Iterable[str]) -> str:
    """A message about a name that is not one of `choices`.

    >>> unknown("task", "sst-2", ["sst2", "rte"])
    "unknown task 'sst-2': did you mean 'sst2'? Known: rte, sst2"
    """
    name, choices = str(name), sorted(map(str, choices))
    close = difflib.get_close_matches(name, choices, n=1)
    hint = f"did you mean '{close[0]}'? " if close else ""
    return f"unknown {kind} '{name}': {hint}Known: {', '.join(choices)}"
