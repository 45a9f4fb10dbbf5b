"""Copies of what is in a store, in one folder for all runs of a user: CACHE, at most CACHE_GB.

<name>/       a copy
<name>.lock   locked while it is filled or in use; it was last used at the file's time, and holds
              WHOLE once the copy is, or KEEP while it has what the store has not

A copy that a run uses is never removed; of the others, the least recently used goes first.
"""

import contextlib
import fcntl
import hashlib
import itertools
import os
import re
import shutil
import sys
from typing import IO, Callable, Dict, Iterator, List, Optional, Tuple

from shared.errors import UserError
from shared.files import writing
from shared.remote import urls

FOLDER, LIMIT = "CACHE", "CACHE_GB"
DEFAULT_GB = 50.0
WHOLE, KEEP = "whole", "keep"
_LOCK = ".lock"
# {name: its open lock file}: what this process uses until it ends.
_in_use: Dict[str, IO[str]] = {}


def root() -> str:
    """The folder; created, for this user alone.

    Raises:
      UserError: it cannot be created.
    """
    found = os.environ.get(FOLDER)
    if found and urls.is_remote(found):
        urls.check_is_local(found, FOLDER, "the cache is a folder of this machine")
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    path = os.path.abspath(os.path.expanduser(found or os.path.join(base, "bert-classify")))
    with writing(path):
        os.makedirs(path, mode=0o700, exist_ok=True)
    return path


def name_of(url: str, *more: bytes) -> str:
    """A folder's name for the copy of what is at a URL: readable, and one for each.

    >>> name_of("s3://bucket/data/sst2/msl72")
    'sst2-msl72-86eb8f82ede068c6'
    """
    digest = hashlib.sha256(b"\n".join([url.encode(), *more])).hexdigest()[:16]
    words = re.sub(r"[^A-Za-z0-9.-]+", "-", "-".join(url.split("://", 1)[1].split("/")[-2:]))
    return f"{words[-60:].lstrip('.-')}-{digest}"


def copy(name: str, size: int, fill: Callable[[str], None]) -> str:
    """The folder of a copy, which stays as it is until this process ends.

    Args:
      size: of all of it, in bytes.
      fill: called with the folder unless it is whole. It may have parts of an earlier try.
    Raises:
      UserError: the disk is full, the cache cannot hold so much, or as `fill`.
    """
    folder = os.path.join(root(), name)
    while True:
        if _use_if_whole(folder):
            return folder
        with _locked(folder, fcntl.LOCK_EX) as lock:
            if _state(lock) != WHOLE:
                make_room(folder, size)
                os.makedirs(folder, exist_ok=True)
                fill(folder)
                mark(lock, WHOLE)


def own(name: str, is_reader: bool = False) -> Tuple[str, IO[str]]:
    """(a folder for this process to write to, its open lock file), in use until that is closed.

    It is the first one, <name>-1 and so on, that no other process has.

    Args: is_reader, whether to leave out those that have what the store has not.
    """
    for number in itertools.count(1):
        folder = os.path.join(root(), f"{name}-{number}")
        lock = _try_lock(folder)
        if lock and not (is_reader and is_kept(lock)):
            os.utime(lock.name)
            with writing(folder):
                os.makedirs(folder, exist_ok=True)
            return folder, lock
        if lock:
            lock.close()
    raise AssertionError


def is_kept(lock: IO[str]) -> bool:
    """Whether a copy has what the store has not."""
    return _state(lock) == KEEP


def mark(lock: IO[str], state: str) -> None:
    """Writes WHOLE or KEEP into a lock file."""
    with writing(lock.name):
        lock.seek(0)
        lock.truncate()
        lock.write(state)
        lock.flush()


def _use_if_whole(folder: str) -> bool:
    name = os.path.basename(folder)
    lock = _in_use.get(name) or _open(folder, fcntl.LOCK_SH)
    if _state(lock) != WHOLE:
        lock.close()
        return False
    os.utime(lock.name)
    _in_use[name] = lock
    return True


def _state(lock: IO[str]) -> str:
    lock.seek(0)
    return lock.read()


def _open(folder: str, kind: int) -> IO[str]:
    """A copy's lock file, locked. Another run may hold it while it fetches the copy."""
    with writing(folder + _LOCK):
        lock = open(folder + _LOCK, "a+")  # noqa: SIM115
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"{folder}: another run is copying it; waiting for that", file=sys.stderr)
        fcntl.flock(lock, kind)
    return lock


@contextlib.contextmanager
def _locked(folder: str, kind: int) -> Iterator[IO[str]]:
    with _open(folder, kind) as lock:
        yield lock


def make_room(folder: str, size: int) -> None:
    """Removes copies that nobody uses until the one in a folder can have this size.

    Raises:
      UserError: those in use leave too little.
    """
    name, limit = os.path.basename(folder), _limit()
    sizes = {other: _size(other) for other in _names() if other != name}
    for other in list(sizes):
        if sum(sizes.values()) + size <= limit:
            return
        if _remove(os.path.join(root(), other)):
            del sizes[other]
    if sum(sizes.values()) + size > limit:
        raise UserError(
            f"the cache {root()} may hold {limit / 1e9:g} GB ({LIMIT}): {name} has "
            f"{size / 1e9:.3g} GB, and copies in use have {sum(sizes.values()) / 1e9:.3g} GB. "
            f"Give a larger {LIMIT}"
        )


def _limit() -> float:
    text = os.environ.get(LIMIT) or str(DEFAULT_GB)
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not found > 0:
        raise UserError(f"{LIMIT} is {text!r}, expected a number of gigabytes")
    return found * 1e9


def _names() -> List[str]:
    """Of all copies, the least recently used first; the lock file of a removed one stays."""
    files = os.listdir(root())
    names = [file[: -len(_LOCK)] for file in files if file.endswith(_LOCK)]
    names.sort(key=lambda name: os.path.getmtime(os.path.join(root(), name + _LOCK)))
    return [name for name in names if name in files]


def _size(name: str) -> int:
    """Bytes of a copy's files; those that vanish meanwhile have none."""
    total = 0
    for folder, _, files in os.walk(os.path.join(root(), name)):
        for file in files:
            with contextlib.suppress(OSError):
                total += os.path.getsize(os.path.join(folder, file))
    return total


def _remove(folder: str) -> bool:
    """Removes a copy unless it is in use, or has what the store has not; whether it did."""
    lock = _try_lock(folder)
    if lock is None:
        return False
    with lock:
        if is_kept(lock):
            return False
        mark(lock, "")
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{folder}: removed to make room in the cache", file=sys.stderr)
    return True


def _try_lock(folder: str) -> Optional[IO[str]]:
    """A copy's lock file, locked for this process alone; None if another one uses the copy."""
    with writing(folder + _LOCK):
        lock = open(folder + _LOCK, "a+")  # noqa: SIM115
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock
