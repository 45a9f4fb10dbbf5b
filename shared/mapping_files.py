"""Reads JSON and YAML files that hold a mapping; a faulty file gives one message."""

import json
from typing import Any, Callable, Dict

import yaml

from shared.errors import UserError
from shared.files import check_is_no_pointer, refuse_pointer


class _StrictLoader(yaml.SafeLoader):
    """PyYAML silently keeps the last of two equal keys; this one refuses them."""

    def construct_mapping(self, node, deep=False):
        written = [key.value for key, _ in node.value]  # before a merge (<<) adds inherited ones
        for key in written:
            if written.count(key) > 1:
                raise yaml.MarkedYAMLError(
                    problem=f"the key '{key}' appears twice", problem_mark=node.start_mark
                )
        return super().construct_mapping(node, deep)


def _plain_number(construct):
    """YAML 1.1 reads 1:30 as 90, in base 60; here it stays text, which no number is."""

    def constructor(loader, node):
        return node.value if ":" in node.value else construct(loader, node)

    return constructor


for _type, _construct in (
    ("int", yaml.SafeLoader.construct_yaml_int),
    ("float", yaml.SafeLoader.construct_yaml_float),
):
    _StrictLoader.add_constructor(f"tag:yaml.org,2002:{_type}", _plain_number(_construct))


def read_json(path: str, advice: str, expected: str = "a mapping") -> Dict[str, Any]:
    """The mapping in a JSON file.

    Args:
      advice: the last sentence of the message: what to do.
      expected: what the file should hold.
    Raises:
      UserError: the file cannot be read, is not JSON, or holds something else.
    """
    return _checked(lambda: _of_file(path, json.load), path, "JSON", advice, expected)


def json_of(content: bytes, path: str, advice: str, expected: str = "a mapping") -> Dict[str, Any]:
    """Like read_json, of a file whose bytes have been read; args: path, for messages."""

    def load():
        refuse_pointer(content, path)
        return json.loads(content.decode("utf-8"))

    return _checked(load, path, "JSON", advice, expected)


def read_yaml(path: str, advice: str, expected: str = "a mapping") -> Dict[str, Any]:
    """Like read_json, for a YAML file; a key that appears twice is an error, too."""
    return _checked(lambda: _of_file(path, _load_yaml), path, "YAML", advice, expected)


def yaml_value(text: str, where: str) -> Any:
    """The value that a YAML file would have where this text stands.

    Raises:
      UserError: the text is not YAML; `where` says whose it is.
    """
    try:
        return _load_yaml(text)
    except yaml.YAMLError as error:
        raise UserError(f"{where} is {text!r}, which is not YAML: {error}") from None


def _load_yaml(file):
    return yaml.load(file, Loader=_StrictLoader)


def _of_file(path: str, load: Callable[[Any], Any]) -> Any:
    check_is_no_pointer(path)
    with open(path, encoding="utf-8") as file:
        return load(file)


def _checked(
    load: Callable[[], Any], path: str, form: str, advice: str, expected: str
) -> Dict[str, Any]:
    try:
        content = load()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}. {advice}") from None
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise UserError(f"{path} is not valid {form}: {error}. {advice}") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: expected {expected}, found {content!r}. {advice}")
    return content
