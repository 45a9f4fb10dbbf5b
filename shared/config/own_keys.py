"""Keys of the user's own, in an input section that names an input_fn: they are for that function.

As in the Model Zoo, the function finds every key of its section. All that is no setting here is
taken for its own, the Model Zoo's keys included.
"""

import dataclasses
from typing import Any, Callable, Dict

from shared.config.input_sections import INPUTS
from shared.config.schema import InputConfig

_SETTINGS = {field.name for field in dataclasses.fields(InputConfig)}


def take_out(content: Dict[str, Any], log: Callable[[str], None]) -> Dict[str, Dict[str, Any]]:
    """Moves them out of a configuration; {section: {key: value}}.

    Args: log, receives a line for each section that has some, so that a misspelt setting shows.
    """
    found = {name: _own(content.get(name)) for name in INPUTS}
    found = {name: keys for name, keys in found.items() if keys}
    for name, keys in found.items():
        function = content[name]["input_fn"]
        log(f"{name}: passed to {function} as they are: {', '.join(map(str, keys))}")
        content[name] = {key: value for key, value in content[name].items() if key not in keys}
    return found


def _own(section) -> Dict[str, Any]:
    if not isinstance(section, dict) or section.get("input_fn") is None:
        return {}
    return {key: value for key, value in section.items() if key not in _SETTINGS}


def inherited(section):
    """What the next section inherits of a section: neither its input_fn nor what is for that; with
    a function that repeats, an evaluation would not end."""
    if not isinstance(section, dict):
        return section
    left_out = {"input_fn", *_own(section)}
    return {key: value for key, value in section.items() if key not in left_out}
