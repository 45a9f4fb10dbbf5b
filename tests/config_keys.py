"""Every key of a configuration with its type and default, read from the code.

docs/configuration.md has these columns; tests/test_docs.py compares. To see them:

python -m tests.config_keys
"""

import dataclasses
import inspect

from shared.config import SECTIONS
from shared.config.schedules import SCHEDULERS

# {the name of a parser in shared/config/settings.py: the type that it stands for}
_TYPES = {
    "boolean": "true or false",
    "text": "text",
    "path": "text",
    "positive": "number > 0",
    "as_float": "number",
    "metric": "metric",
    "class_weights": "`balanced` or {class: number > 0}",
    "dotted_path": "`package.module.function`",
    "patterns": "list of regular expressions",
    "seeds": "list of integers",
    "parse_learning_rate": "number, schedule or list",
}


def columns(section: str) -> dict:
    """{key: (type, default)} of a section."""
    fields = dataclasses.fields(SECTIONS[section])
    return {field.name: (_type(field.metadata["parse"]), _default(field)) for field in fields}


def _type(parse) -> str:
    """What a parser takes, from its name and what it closes over."""
    name = parse.__qualname__.partition(".")[0]
    if name in _TYPES:
        return _TYPES[name]
    limits = inspect.getclosurevars(parse).nonlocals
    if name == "choice":
        return ", ".join(f"`{_shown(choice)}`" for choice in limits["choices"])
    if name == "positive_or":
        return "number > 0, " + ", ".join(f"`{word}`" for word in limits["words"])
    return _number(name, **limits)


def _number(name, minimum, below=None) -> str:
    text = name if minimum < 0 else f"{name} ≥ {minimum:g}"  # no limit of its own
    return text if below in (None, float("inf")) else f"{text}, < {below:g}"


def _default(field) -> str:
    if field.default is dataclasses.MISSING:
        return "required"
    return "unset" if field.default is None else f"`{_shown(field.default)}`"


def _shown(value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def main() -> None:
    for section in SECTIONS:
        print(f"\n{section}")
        for key, (kind, default) in columns(section).items():
            print(f"| `{key}` | {kind} | {default} | |")
    print("\nlearning_rate")
    for name, (required, optional) in SCHEDULERS.items():
        print(f"| `{name}` | {', '.join(required)} | {', '.join(optional)} |")


if __name__ == "__main__":
    main()
