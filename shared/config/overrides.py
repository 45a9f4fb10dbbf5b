"""Settings of the command line: optimizer.learning_rate=3e-5."""

from typing import Any, Collection, Dict, Iterable, Set

from shared.config.joint_rules import alternatives
from shared.errors import UserError
from shared.mapping_files import yaml_value

_BLANKS = (
    "SET is split at blanks: write none around =, and give a value that has some as "
    "ARGS=\"--set 'section.key=value'\""
)


def parse(texts: Iterable[str]) -> Dict[str, Any]:
    """{section.key: value}, each value as YAML reads it.

    >>> parse(["optimizer.learning_rate=3e-5", "train_input.shuffle=false"])
    {'optimizer.learning_rate': '3e-5', 'train_input.shuffle': False}

    Raises:
      UserError: a text is of another form, or a key appears twice.
    """
    found: Dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        section, _, key = name.partition(".")
        if not (section and key and equals):
            raise UserError(
                f"SET is {text!r} (--set): expected section.key=value, such as "
                f"optimizer.learning_rate=3e-5. {_BLANKS}"
            )
        if name in found:
            raise UserError(f"SET (--set) gives {name} twice; give it once")
        found[name] = _value(name, value)
    return found


def _value(name: str, text: str) -> Any:
    try:
        return yaml_value(text, f"SET (--set) {name}")
    except UserError as error:
        raise UserError(f"{error}. {_BLANKS}") from None


def sections(overrides: Dict[str, Any]) -> Set[str]:
    """Those that the settings are of."""
    return {name.partition(".")[0] for name in overrides}


def lay_over(content: Dict[str, Any], overrides: Dict[str, Any], chosen: Collection[str]) -> None:
    """Puts the values of some sections into a configuration, instead of what contradicts them:
    runconfig.num_epochs takes the place of a max_steps of the file."""
    for name, value in overrides.items():
        section, _, key = name.partition(".")
        values = content.get(section)
        is_mapping = isinstance(values, (dict, type(None)))  # else the section itself is an error
        if section in chosen and is_mapping:
            others = alternatives(section, key)
            kept = {
                name: stated
                for name, stated in (values or {}).items()
                if name not in others or f"{section}.{name}" in overrides
            }
            content[section] = {**kept, key: value}
