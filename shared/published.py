"""The table of published vocabularies, vocab/known.yaml."""

import functools
import os
from dataclasses import dataclass
from typing import Dict, Optional

import yaml

from shared.errors import UserError

FOLDER = "vocab"
DEFAULT = "bert_base_uncased"
_FILE = os.path.join(os.path.dirname(os.path.dirname(__file__)), FOLDER, "known.yaml")


@dataclass(frozen=True)
class Known:
    """A published vocabulary; sha256 is that of its pieces (shared/word_pieces.py)."""

    name: str
    lines: int
    sha256: str
    lower_case: bool
    url: str


@functools.lru_cache(maxsize=1)
def known() -> Dict[str, Known]:
    """{name: Known}."""
    with open(_FILE, encoding="utf-8") as file:
        return {name: Known(name=name, **entry) for name, entry in yaml.safe_load(file).items()}


def by_sha256(sha256: str) -> Optional[Known]:
    return {entry.sha256: entry for entry in known().values()}.get(sha256)


def check_name(name: str, path: str, sha256: str) -> None:
    """Checks that a file with a published name is the published file."""
    entry = known().get(name)
    if entry and entry.sha256 != sha256:
        raise UserError(
            f"{path} is not the published {name}: sha256 {sha256}, expected {entry.sha256}. "
            "Fetch it again with `make vocab`, or give your own file another name."
        )


def reserves_names_in(path: str) -> bool:
    """Whether it is in vocab/, where published names are reserved; elsewhere any name is fine."""
    return os.path.basename(os.path.dirname(os.path.abspath(path))) == FOLDER
