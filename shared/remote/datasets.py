"""Datasets in a store: a local copy for whoever reads, checked by the sha256 in the manifest."""

import contextlib
import functools
import os
import re
import shutil
import sys
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional

from shared import dataset_vocabulary, source_order
from shared.errors import UserError
from shared.files import sha256_of, utf8, write_whole
from shared.manifest import Manifest
from shared.manifest_file import is_dataset as is_folder_of_one
from shared.manifest_file import parsed, read_manifest
from shared.remote import cache, store, urls
from shared.remote.progress import Progress
from shared.remote.store import Stored
from shared.shards import damaged
from shared.where import MANIFEST_FILE


class _File(NamedTuple):
    """A file of a dataset; fault(folder) says what is wrong with the copy in a folder."""

    path: str
    fault: Callable[[str], Optional[str]]


def local(dataset: str) -> str:
    """The folder itself or, of a dataset in a store, the one of its copy in the cache.

    Within a program it is the copy of one manifest, whatever happens in the store meanwhile.

    Raises:
      UserError: there is no dataset, it is damaged, or it cannot be copied.
    """
    return _staged(urls.checked(dataset)) if urls.is_remote(dataset) else dataset


def is_dataset(place: str) -> bool:
    """Whether a folder or a URL has a whole dataset."""
    if urls.is_remote(place):
        return store.exists(urls.join(place, MANIFEST_FILE))
    return is_folder_of_one(place)


def manifest_of(place: str) -> Manifest:
    """The manifest of a dataset in a folder or a store; raises as read_manifest."""
    if urls.is_remote(place):
        return _parsed(_manifest_bytes(place), place)
    return read_manifest(place)


def sizes(place: str) -> Dict[str, int]:
    """{path: bytes} of the files below a folder or a URL."""
    if urls.is_remote(place):
        return {name: stored.bytes for name, stored in store.listed(place).items()}
    paths = (os.path.join(folder, name) for folder, _, names in os.walk(place) for name in names)
    return {os.path.relpath(path, place): os.path.getsize(path) for path in paths}


def write(place: str, content: str) -> None:
    """Writes a file, or an object, whole."""
    if urls.is_remote(place):
        store.put_bytes(utf8(content), place)
    else:
        write_whole(place, content)


def lengths(data_dir: str, task: str) -> List[int]:
    """As shared.where.lengths, of a data_dir in a store."""
    pattern = re.compile(rf"msl(\d+)/{re.escape(MANIFEST_FILE)}$")
    found = (pattern.match(name) for name in store.listed(urls.join(data_dir, task)))
    return sorted(int(match.group(1)) for match in found if match)


@contextlib.contextmanager
def downloaded(url: str) -> Iterator[str]:
    """A folder with all that is below a URL, as it is, for the time of the block."""
    there = store.listed(url)
    folder, lock = cache.own(cache.name_of(url) + ".all")
    try:
        shutil.rmtree(folder)  # what a killed process has left
        cache.make_room(folder, sum(stored.bytes for stored in there.values()))
        store.fetch_all(url, there, folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.close()


@functools.lru_cache(maxsize=None)
def _staged(url: str) -> str:
    content = _manifest_bytes(url)
    manifest = _parsed(content, url)
    there, files = store.listed(url), _files(manifest)
    missing = [file.path for file in files if file.path not in there]
    if missing:
        raise damaged(urls.join(url, missing[0]), "is missing", manifest)
    optional = [_File(name, lambda _: None) for name in dataset_vocabulary.FILES if name in there]
    sizes = {file.path: there[file.path] for file in [*files, *optional]}
    total = sum(stored.bytes for stored in sizes.values())

    def fill(folder: str) -> None:
        _fill(folder, url, content, [*files, *optional], sizes, manifest)
        print(f"{url}: {total / 1e6:,.1f} MB copied to {folder}", file=sys.stderr)

    return cache.copy(cache.name_of(url, content), total, fill)


def _manifest_bytes(url: str) -> bytes:
    """manifest.json of a dataset; raises UserError if there is none."""
    content = store.read(urls.join(url, MANIFEST_FILE))
    if content is None:
        raise UserError(
            f"{url} is not a complete dataset: {urls.join(url, MANIFEST_FILE)} is missing. "
            "Build it with `make data`, or point DATA_DIR (--data_dir) at one."
        )
    return content


def _parsed(content: bytes, url: str) -> Manifest:
    """Args: content, of its manifest.json. Raises UserError as read_manifest."""
    return parsed(content, urls.join(url, MANIFEST_FILE))


def _fill(
    folder: str,
    url: str,
    content: bytes,
    files: List[_File],
    sizes: Dict[str, Stored],
    manifest: Manifest,
) -> None:
    """Copies what is not there yet, or is damaged; the manifest last."""
    for split in manifest.splits:
        os.makedirs(os.path.join(folder, split), exist_ok=True)
    with Progress(url, sum(stored.bytes for stored in sizes.values())) as progress:
        for file in files:
            path, size = os.path.join(folder, file.path), sizes[file.path].bytes
            if os.path.exists(path) and not file.fault(folder):
                progress.finished(size)
                continue
            store.fetch(urls.join(url, file.path), path, size, progress)
            fault = file.fault(folder)
            if fault:
                os.remove(path)
                raise _damaged(url, content, file.path, fault, manifest)
    write_whole(os.path.join(folder, MANIFEST_FILE), content)


def _damaged(url: str, content: bytes, path: str, fault: str, manifest: Manifest) -> UserError:
    if store.read(urls.join(url, MANIFEST_FILE)) != content:
        return UserError(f"{url} was replaced while it was being copied; start again")
    return damaged(urls.join(url, path), fault, manifest)


def _files(manifest: Manifest) -> List[_File]:
    """The files that the manifest names."""
    return [file for split in manifest.splits for file in _files_of(split, manifest)]


def _files_of(split: str, manifest: Manifest) -> Iterator[_File]:
    entry = manifest.splits[split]
    for shard in entry.shards:
        path = urls.join(split, shard.file)
        yield _File(path, functools.partial(_sha256_fault, path, shard.sha256))
    for kind in source_order.MAPS:
        if kind.is_part_of(entry):
            fault = functools.partial(kind.fault, split=split, entry=entry)
            yield _File(urls.join(split, kind.file_name), fault)


def _sha256_fault(path: str, expected: str, folder: str) -> Optional[str]:
    found = sha256_of(os.path.join(folder, path))
    return None if found == expected else f"has the sha256 {found}, the manifest says {expected}"
