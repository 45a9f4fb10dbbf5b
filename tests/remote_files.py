"""Datasets in folders and in stores, for tests that compare them."""

import os
from pathlib import Path

from shared.remote import datasets, store
from shared.remote.progress import Progress


def contents(folder):
    """{path: bytes} of a folder."""
    paths = (path for path in Path(folder).rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def stored(url):
    """{path: bytes} of what is below a URL."""
    return {name: store.read(f"{url}/{name}") for name in store.listed(url)}


def fetched(url, path, size):
    """Copies an object to a file."""
    with Progress(url, size) as progress:
        store.fetch(url, str(path), size, progress)


def upload(folder, url):
    """Puts the files of a folder below a URL, which it returns."""
    for name in datasets.sizes(str(folder)):
        store.put(os.path.join(folder, name), f"{url}/{name}")
    return url
