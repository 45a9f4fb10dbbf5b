"""A model folder in a store: a program works in a copy, and what it writes goes up.

<name>-<n>/            the copy; each program that runs at the same time has one of its own
<name>-<n>.synced.json {path: [bytes, modification time, the object's mark]} of what both have

Files go up in an order in which whoever reads meanwhile finds a whole model: weights, the rest, a
checkpoint's .index, and last the file `checkpoint` that names the newest. Then what is no longer in
the copy is removed from the store, in the reverse order.
"""

import contextlib
import json
import os
import sys
from typing import Dict, Iterator, List, Optional

from shared.errors import UserError
from shared.files import write_whole
from shared.mapping_files import read_json
from shared.remote import cache, lease, store, urls
from shared.remote.store import Stored

_LOCK_OBJECT = ".training.lock"
_STATE_FILE = "checkpoint"
_TEMPORARY = (".tmp", ".lock")
# {folder of a copy: its Mirror}, of this process
_mirrors: Dict[str, "Mirror"] = {}


@contextlib.contextmanager
def at(place: str, trains: bool = False, writes: bool = True) -> Iterator[str]:
    """The model folder on this machine, for the time of the block; a folder stays what it is.

    Args:
      trains: whether to keep other trainings out.
      writes: whether what the block writes goes up: at each `changed`, and in the end.
    Raises:
      UserError: the store refuses, or another training is writing there.
    """
    if not urls.is_remote(place):
        yield place
        return
    url = urls.checked(place)
    lock = urls.join(url, _LOCK_OBJECT)
    held = lease.held(lock, "another training", "MODEL_DIR") if trains else _nothing()
    with held as training:
        mirror = Mirror(url, writes, training)
        mirror.fetch()
        _mirrors[mirror.folder] = mirror
        try:
            with mirror.stored_in_the_end():
                yield mirror.folder
        finally:
            del _mirrors[mirror.folder]
            mirror.close()


def changed(folder: str) -> None:
    """Stores what a program has written into a folder, if it is below a copy.

    A store that does not answer does not end a training: that is told, and tried again later.

    Raises:
      LostError: another training has taken over, so what this one writes would be discarded.
    """
    for mirror in _mirrors.values():
        if os.path.join(os.path.abspath(folder), "").startswith(mirror.folder + os.sep):
            try:
                mirror.put()
            except lease.LostError:
                raise
            except UserError as error:
                print(f"{error}\nThe run goes on; this is tried again later.", file=sys.stderr)


def named(folder: str) -> str:
    """The URL of a model folder's copy, or of a folder in one; any other path as it is."""
    for mirror in _mirrors.values():
        if os.path.join(folder, "").startswith(mirror.folder + os.sep):
            return mirror.url + folder[len(mirror.folder) :]
    return folder


class Mirror:
    """A copy of the model folder at a URL."""

    def __init__(self, url: str, writes: bool, training: Optional[lease.Lease] = None):
        self.url, self._writes, self._training = url, writes, training
        self.folder, self._lock = cache.own(cache.name_of(url), is_reader=not writes)
        self._synced_path = self.folder + ".synced.json"
        self._synced = self._read_synced()

    def fetch(self) -> None:
        """Makes the copy what the store has, unless it has what an earlier run could not store."""
        there = store.listed(self.url)
        store.check_marks(there, self.url)
        there.pop(_LOCK_OBJECT, None)
        if cache.is_kept(self._lock):
            if self._is_unchanged_there(there):
                self._say(f"storing what an earlier run could not, from {self.folder}")
                self.put()
                return
            self._say(
                "others have written there since a run that could not store all; theirs counts"
            )
        cache.make_room(self.folder, sum(stored.bytes for stored in there.values()))
        fetched = self._fetch_new(there)
        for name in set(self._files()) - set(there):
            os.remove(os.path.join(self.folder, name))
        self._synced = {name: [*found, there[name].mark] for name, found in self._files().items()}
        self._write_synced()
        cache.mark(self._lock, "")
        megabytes = sum(there[name].bytes for name in fetched) / 1e6
        self._say(
            f"{len(fetched)} of {len(there)} files ({megabytes:,.1f} MB) copied to {self.folder}"
        )

    def put(self) -> None:
        """Stores what has changed since the last time, and removes what has been removed."""
        if not self._writes:
            return
        names = self._changed()
        gone = set(self._synced) - set(self._files())
        if not names and not gone:
            return
        cache.mark(self._lock, cache.KEEP)
        if self._training:
            self._training.check()
        try:
            for name in sorted(names, key=_rank):
                self._put_one(name)
            for name in sorted(gone, key=_rank, reverse=True):
                store.remove([urls.join(self.url, name)])
                del self._synced[name]
        finally:
            self._write_synced()
        cache.mark(self._lock, "")
        self._say(f"{len(names)} files stored")

    def _put_one(self, name: str) -> None:
        path = os.path.join(self.folder, name)
        found = _version(path)  # before it is read: it may grow meanwhile
        store.put(path, urls.join(self.url, name))
        stored = store.about(urls.join(self.url, name))
        self._synced[name] = [*found, stored.mark if stored else ""]

    @contextlib.contextmanager
    def stored_in_the_end(self) -> Iterator[None]:
        """Stores all when the block ends; after a failure, the failure is what is raised."""
        try:
            yield
        except lease.LostError:
            raise
        except BaseException:
            try:
                self.put()
            except UserError as error:
                print(error, file=sys.stderr)
            raise
        self.put()

    def _say(self, text: str) -> None:
        print(f"{self.url}: {text}", file=sys.stderr)

    def close(self) -> None:
        self._lock.close()

    def _fetch_new(self, there: Dict[str, Stored]) -> List[str]:
        """Fetches what is new there or differs here; returns the names."""
        fresh = set(self._files()) - set(self._changed())
        missing = [
            name
            for name, stored in there.items()
            if name not in fresh or self._synced[name][::2] != [*stored]
        ]
        store.fetch_all(self.url, {name: there[name] for name in missing}, self.folder)
        return missing

    def _is_unchanged_there(self, there: Dict[str, Stored]) -> bool:
        marks = {name: stored.mark for name, stored in there.items()}
        return marks == {name: mark for name, (_, _, mark) in self._synced.items()}

    def _changed(self) -> List[str]:
        """The files that the store does not have as they are."""
        synced = {name: (size, time) for name, (size, time, _) in self._synced.items()}
        return [name for name, found in self._files().items() if found != synced.get(name)]

    def _files(self) -> Dict[str, tuple]:
        """{path: (bytes, modification time in ns)} of the copy, without temporary files."""
        found = {}
        for folder, _, names in os.walk(self.folder):
            for name in names:
                if not (name.endswith(_TEMPORARY) or name.startswith(".tmp")):
                    path = os.path.join(folder, name)
                    found[os.path.relpath(path, self.folder)] = _version(path)
        return found

    def _write_synced(self) -> None:
        write_whole(self._synced_path, json.dumps(self._synced))

    def _read_synced(self) -> Dict[str, list]:
        if not os.path.exists(self._synced_path):
            return {}
        return read_json(self._synced_path, "Remove it")


def _version(path: str) -> tuple:
    """(bytes, modification time in ns) of a file."""
    about = os.stat(path)
    return about.st_size, about.st_mtime_ns


def _rank(name: str) -> tuple:
    """The place in the order in which files go up."""
    base = os.path.basename(name)
    last = (base == _STATE_FILE, base.endswith(".index"), ".data-" not in base)
    return (*last, name)


def _nothing():
    return contextlib.nullcontext()
