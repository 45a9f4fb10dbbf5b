"""What a run reads besides datasets and models, copied from a store: tables, vocabularies, weights.

A copy is of one state of the objects: when one of them changes, the next run makes another.
"""

import os
import sys
from typing import Callable, Dict

from shared.errors import UserError
from shared.remote import cache, store, urls
from shared.remote.progress import Progress
from shared.remote.store import Stored

# {folder of a copy: the URL that it is of}, in this process
_urls: Dict[str, str] = {}


def file(url: str) -> str:
    """The path of an object's copy, which has its name.

    Raises:
      UserError: there is none, or it cannot be copied.
    """
    stored = store.about(urls.checked(url))
    if stored is None:
        raise missing(url)
    parent, name = urls.split(url)
    return os.path.join(_copied(parent, {name: stored}), name)


def folder(url: str, is_wanted: Callable[[str], bool] = lambda name: True) -> str:
    """The copy of the objects of a folder, not of those in folders below it; it has its name.

    Args: is_wanted, of an object's name.
    Raises:
      UserError: there are none, or they cannot be copied.
    """
    url = urls.checked(url)
    there = {name: of for name, of in store.listed(url, depth=1).items() if is_wanted(name)}
    if not there:
        raise missing(url)
    return _copied(url, there)


def named(path: str) -> str:
    """The URL that a path is a copy of; any other path as it is."""
    for copy, url in _urls.items():
        if path == copy or path.startswith(copy + os.sep):
            return url + path[len(copy) :]
    return path


def missing(url: str) -> UserError:
    return UserError(f"{url} does not exist: no object has this name or is below it")


def _copied(url: str, there: Dict[str, Stored]) -> str:
    store.check_marks(there, url)
    total = sum(stored.bytes for stored in there.values())

    def fill(place: str) -> None:
        inside = os.path.join(place, _last(url))
        os.makedirs(inside, exist_ok=True)
        with Progress(url, total) as progress:
            for name, stored in there.items():
                path = os.path.join(inside, name)
                if os.path.exists(path):  # of a try that was cut off; it appeared whole
                    progress.finished(stored.bytes)
                else:
                    store.fetch(urls.join(url, name), path, stored.bytes, progress)
        print(f"{url}: {total / 1e6:,.1f} MB copied to {inside}", file=sys.stderr)

    marks = repr(sorted(there.items())).encode()
    copy = os.path.join(cache.copy(cache.name_of(url, marks), total, fill), _last(url))
    _urls[copy] = url
    return copy


def _last(url: str) -> str:
    """The last part of a URL, as a folder's name."""
    return urls.split(url)[1] or "bucket"
