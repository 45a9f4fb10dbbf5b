"""What writes a shard: this code and its libraries, the same in every worker as in the launcher."""

import functools
import hashlib
import socket
from importlib.metadata import version
from pathlib import Path

from shared.errors import UserError

_LIBRARIES = (
    "apache-beam",
    "google-crc32c",
    "numpy",
    "protobuf",
    "tensorflow",
    "tensorflow-datasets",
    "tensorflow-text",
)
_PACKAGES = ("preprocess", "shared")
_PROJECT = "this project"


def of_libraries() -> "dict[str, str]":
    """{library: its version}."""
    return {name: version(name) for name in _LIBRARIES}


@functools.lru_cache(maxsize=1)
def here() -> "dict[str, str]":
    """of_libraries, and a hash of this project's own code."""
    root = Path(__file__).parents[2]
    digest = hashlib.sha256()
    for path in sorted(path for package in _PACKAGES for path in (root / package).rglob("*.py")):
        digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes() + b"\0")
    return {_PROJECT: digest.hexdigest()[:12], **of_libraries()}


def check(launcher: "dict[str, str]") -> None:
    """Checks in a worker that it writes what the launcher would.

    Args: launcher, what `here` returned there.
    Raises:
      UserError: names each difference.
    """
    differences = [
        f"{name} {found}, not {launcher.get(name)}"
        for name, found in here().items()
        if found != launcher.get(name)
    ]
    if differences:
        raise UserError(
            f"the worker on {socket.gethostname()} has {'; '.join(differences)}, which the "
            "launcher has. Bring it to the same commit and `make setup`, start it again, and then "
            "this run."
        )
