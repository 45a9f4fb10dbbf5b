"""Reads a YAML file of sections, strictly."""

import glob
import os
from typing import Any, Dict, Iterable

import yaml

from shared.errors import UserError


class _StrictLoader(yaml.SafeLoader):
    """PyYAML keeps the last of two equal keys without a word; this one refuses them."""

    def construct_mapping(self, node, deep=False):
        written = [key.value for key, _ in node.value]  # before a merge (<<) adds inherited ones
        for key in written:
            if written.count(key) > 1:
                raise yaml.MarkedYAMLError(
                    problem=f"the key '{key}' stands twice", problem_mark=node.start_mark
                )
        return super().construct_mapping(node, deep)


def read(path: str, sections: Iterable[str]) -> Dict[str, Any]:
    """The file's mapping.

    Args:
      sections: what the file should hold, for the message where it is no mapping at all.
    Raises:
      UserError: the file cannot be read, is not YAML, has a key twice or is no mapping.
    """
    try:
        with open(path, encoding="utf-8") as file:
            content = yaml.load(file, Loader=_StrictLoader)
    except OSError as error:
        there = sorted(glob.glob(os.path.join(os.path.dirname(path), "*.yaml")))
        raise UserError(
            f"cannot read the configuration {path}: {error.strerror}. Choose one with CONFIG "
            f"(--params) or MODEL; in its folder are: {', '.join(there) or 'none'}"
        ) from None
    except (yaml.YAMLError, ValueError) as error:
        raise UserError(f"{path} is not valid YAML: {error}") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: expected the sections {', '.join(sections)}, found {content!r}")
    return content
