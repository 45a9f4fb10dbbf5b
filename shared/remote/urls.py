"""Paths in a store: scheme://bucket/key. Standard library only, as shared/where.py needs it."""

import re

from shared.errors import UserError

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def is_remote(path: str) -> bool:
    """Whether a path has a scheme.

    >>> is_remote("s3://bucket/data"), is_remote("data/sst2"), is_remote("train=a.csv")
    (True, False, False)
    """
    return bool(_SCHEME.match(path))


def checked(url: str) -> str:
    """The URL without a slash at its end.

    Raises:
      UserError: it holds a password, which would get into logs and files, or names no bucket.
    """
    scheme, rest = url.split("://", 1)
    bucket = rest.split("/", 1)[0]
    if "@" in bucket:
        raise UserError(
            f"{scheme}://...@{bucket.rsplit('@', 1)[1]}: leave user and password out of the path; "
            "give them by the means of the store's library (docs/remote.md)"
        )
    if not bucket and scheme != "memory":
        raise UserError(f"{url} names no bucket; expected {scheme}://bucket/path")
    return url.rstrip("/")


def join(url: str, *names: str) -> str:
    """The path of something below a URL.

    >>> join("s3://bucket/data", "sst2", "msl72")
    's3://bucket/data/sst2/msl72'
    """
    return "/".join([url.rstrip("/"), *names])


def split(url: str) -> "tuple":
    """(what holds it, its name): s3://bucket/data/sst2 -> (s3://bucket/data, sst2)."""
    parent, name = url.rstrip("/").rsplit("/", 1)
    return parent, name


def check_is_local(path: str, variable: str, why: str) -> None:
    """Args: variable, which names the path; why, it cannot be in a store.

    Raises:
      UserError: it is in one.
    """
    if is_remote(path):
        raise UserError(f"{variable} is {path}: {why}; copy it to a folder, and give that")
