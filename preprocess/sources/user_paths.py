"""The files of a split: one, several, or all that match a pattern."""

import functools
import glob
import os

from shared import shown
from shared.errors import UserError
from shared.remote import sources, store
from shared.remote.urls import is_remote


def found(split: str, given: "str | list[str]", where: str) -> "tuple[str, ...]":
    """The paths of a split's files: in the order of a list, those of a pattern in that of names.

    Args: given, a path, a pattern such as parts/*.csv, or a list of these; where, what gives it.
    Raises:
      UserError: a file is missing, cannot be read or is given twice; no file matches a pattern.
    """
    items = [given] if isinstance(given, str) else given
    paths = [path for item in items for path in _matches(item, split, where)]
    paths = [sources.file(path) if is_remote(path) else path for path in paths]
    for path in paths:
        if os.path.isdir(path):
            pattern = os.path.join(path, "*.csv")
            raise UserError(f"{where}: {path} is a folder; give its files: {split}={pattern}")
        if not os.path.isfile(path) or not os.access(path, os.R_OK):
            raise UserError(f"{where}: {path} is missing or cannot be read")
        if paths.count(path) > 1:
            raise UserError(
                f"{where}: {sources.named(path)} is given twice for {split}; name each file once"
            )
    return tuple(paths)


def _matches(item: str, split: str, where: str) -> "list[str]":
    """A file whose own name looks like a pattern is that file."""
    exists = store.exists if is_remote(item) else os.path.exists
    if not glob.has_magic(item) or exists(item):
        return [item]
    in_folder = functools.partial(glob.glob, recursive=True)
    matches = sorted((store.matching if is_remote(item) else in_folder)(item))
    if not matches:
        raise UserError(f"{where}: no file matches {item} ({split}); correct the pattern")
    return matches


def names(paths: "tuple[str, ...]") -> "list[str]":
    """What a dataset calls the files of a split: paths below the folder that they share.

    >>> names(("/data/new/a.csv",)), names(("/data/new/a.csv", "/data/old/a.csv"))
    (['a.csv'], ['new/a.csv', 'old/a.csv'])
    """
    whole = [os.path.abspath(sources.named(path)) for path in paths]
    shared = os.path.commonpath([os.path.dirname(path) for path in whole])
    return [os.path.relpath(path, shared) for path in whole]


def in_words(paths: "tuple[str, ...]") -> str:
    """One path, or the first of several and how many more.

    >>> in_words(("a.csv", "b.csv", "c.csv"))
    'a.csv and 2 more'
    """
    return shown.listed(map(sources.named, paths), most=1)
