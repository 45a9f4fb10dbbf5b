"""Parsers for the values of a configuration: each takes a value from YAML, returns the setting.

A parser raises ValueError with what it expected and what it found. PyYAML reads `1e-6` as text,
so numbers are coerced here.
"""

import math
import os
import re
from typing import Any, Callable, Dict, Tuple, Union

from shared import metric_names

# Seeds go into TensorFlow operations as int32; no other count in a run is nearly as large.
MAXIMUM_INTEGER = 2**31 - 1
MINIMUM_INTEGER = -MAXIMUM_INTEGER
BALANCED = "balanced"  # of class_weights


def integer(minimum: int = MINIMUM_INTEGER) -> Callable[[Any], int]:
    def parse(value):
        found = as_float(value)
        if found != int(found) or not minimum <= found <= MAXIMUM_INTEGER:
            limits = "" if minimum == MINIMUM_INTEGER else f" of at least {minimum}"
            raise ValueError(f"expected a whole number{limits}, found {value!r}")
        return int(found)

    return parse


def number(minimum: float, below: float = math.inf) -> Callable[[Any], float]:
    def parse(value):
        found = as_float(value)
        if not minimum <= found < below:
            limit = f" and below {below:g}" if below < math.inf else ""
            raise ValueError(f"expected a number of at least {minimum:g}{limit}, found {value!r}")
        return found

    return parse


def steps_or_share(minimum: int) -> Callable[[Any], Any]:
    """A number of steps, or a share of the training: a number above 0 and below 1."""

    def parse(value):
        try:
            found = as_float(value)
            return found if 0 < found < 1 else integer(minimum)(value)
        except ValueError:
            raise ValueError(
                f"expected a whole number of steps of at least {minimum}, or a share of the "
                f"training between 0 and 1, found {value!r}"
            ) from None

    return parse


def seeds(value) -> Tuple[int, ...]:
    if not isinstance(value, list):
        raise ValueError(f"expected a list of seeds, found {value!r}")
    found = tuple(map(integer(0), value))
    if len(set(found)) != len(found) or len(found) < 2:
        raise ValueError(f"expected two or more different seeds, found {value!r}")
    return found


def as_float(value) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError(f"expected a number, found {value!r}")
    try:
        found = float(value)
    except (ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        raise ValueError(f"expected a number, found {value!r}")
    return found


def positive(value) -> float:
    found = as_float(value)
    if found <= 0:
        raise ValueError(f"expected a number above 0, found {value!r}")
    return found


def positive_or(*words: str) -> Callable[[Any], Any]:
    def parse(value):
        if isinstance(value, str) and value.lower() in words:
            return value.lower()
        try:
            return positive(value)
        except ValueError:
            listed = ", ".join(words)
            raise ValueError(f"expected a number above 0, {listed}; found {shown(value)}") from None

    return parse


def boolean(value) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, found {value!r}")
    return value


def text(value) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"expected text, found {value!r}")
    return value


def path(value) -> str:
    """A leading `~` is the home folder."""
    return os.path.expanduser(text(value))


def dotted_path(value) -> str:
    names = text(value).split(".")
    if len(names) < 2 or not all(name.isidentifier() for name in names):
        raise ValueError(f"expected package.module.function, found {value!r}")
    return value


def patterns(value) -> Tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"expected a list of regular expressions, found {value!r}")
    for item in value:
        try:
            re.compile(text(item))
        except re.error as error:
            raise ValueError(f"{item!r} is not a regular expression: {error}") from None
    return tuple(value)


def choice(*choices) -> Callable[[Any], Any]:
    def parse(value):
        value = value.lower() if isinstance(value, str) else value
        if not any(type(value) is type(choice) and value == choice for choice in choices):
            listed = ", ".join(shown(choice) for choice in choices)
            raise ValueError(f"expected one of {listed}, found {shown(value)}")
        return value

    return parse


def class_weights(value) -> Union[str, Dict[str, float]]:
    """BALANCED, or {class: weight above 0}."""
    if isinstance(value, str) and value.lower() == BALANCED:
        return BALANCED
    if not isinstance(value, dict) or not value:
        raise ValueError(
            f"expected {BALANCED}, or weights such as {{urgent: 5, other: 1}}, found {shown(value)}"
        )
    return {_class_name(name): _weight(name, weight) for name, weight in value.items()}


def _class_name(key) -> str:
    if isinstance(key, bool) or not isinstance(key, (str, int)):
        raise ValueError(
            f"a class is {key!r}, as YAML reads it; put the class's name in quotes: {{'yes': 2}}"
        )
    return str(key)


def _weight(name, value) -> float:
    try:
        return positive(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def metric(value) -> str:
    """One of shared/metric_names.py, or f1:<class>."""
    if isinstance(value, str) and metric_names.f1_class(value):
        return value
    choices = (*metric_names.TABLE, *metric_names.SHORT, metric_names.F1_OF_CLASS)
    found = choice(*choices)(value)
    return metric_names.SHORT.get(found, found)


def shown(value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
