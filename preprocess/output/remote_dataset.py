"""A dataset in a store, where nothing can be renamed: its manifest decides whether it is there.

msl72/manifest.json    put last, and removed first when the dataset is replaced
msl72/.incomplete      there while a run writes; without a manifest, what else is there was left by
                       a run that was killed, and the next one removes it
.msl72.lock            held by the run (shared/remote/lease.py)
"""

import glob
import os
import shutil
import sys
import uuid
from contextlib import contextmanager, suppress

from preprocess.output.replaced_dataset import ReplacedDataset
from shared import shown
from shared.errors import UserError
from shared.remote import cache, datasets, lease, store, urls
from shared.where import MANIFEST_FILE

_MARK = ".incomplete"


class RemoteDataset(ReplacedDataset):
    """The dataset at a URL, where workers put the shards themselves."""

    def __init__(self, url: str):
        self.path = self.shards = urls.checked(url)
        self._beside = os.path.join(cache.root(), cache.name_of(self.path) + _MARK)
        self.incomplete = f"{self._beside}-{uuid.uuid4().hex[:8]}"
        self._mark = urls.join(self.path, _MARK)
        self._manifest = urls.join(self.path, MANIFEST_FILE)

    @contextmanager
    def _lock(self):
        parent, name = urls.split(self.path)
        lock = urls.join(parent, f".{name}.lock")
        with lease.held(lock, "another run", "DATA_DIR") as self._lease:
            yield

    @contextmanager
    def replaced(self):
        os.makedirs(self.incomplete)
        try:
            yield
            self._commit()
        except BaseException:
            with suppress(UserError):  # the first mistake counts
                self._lease.check()  # or what is there is of the run that took the lock over
                self._recover()
            raise
        finally:
            shutil.rmtree(self.incomplete, ignore_errors=True)

    def make_way(self) -> None:
        self._lease.check()
        store.put_bytes(b"", self._mark)
        store.remove([self._manifest])
        self._remove_all_but(_MARK)

    def _commit(self) -> None:
        self._lease.check()
        names = sorted(datasets.sizes(self.incomplete), key=lambda name: name == MANIFEST_FILE)
        for name in names:
            store.put(os.path.join(self.incomplete, name), urls.join(self.path, name))
        store.remove([self._mark])

    def _recover(self) -> None:
        for folder in glob.glob(f"{glob.escape(self._beside)}-*"):
            shutil.rmtree(folder, ignore_errors=True)
        if not store.exists(self._mark):
            return
        if not store.exists(self._manifest):
            removed = self._remove_all_but(_MARK)
            if removed:
                print(
                    f"{self.path}: removed {len(removed)} objects of a run that did not end: "
                    + shown.listed(removed, 5),
                    file=sys.stderr,
                )
        store.remove([self._mark])

    def _remove_all_but(self, name: str) -> list:
        found = [other for other in store.listed(self.path) if other != name]
        store.remove(urls.join(self.path, other) for other in found)
        return found

    def _check_is_dataset(self) -> None:
        if not store.exists(self._manifest) and store.listed(self.path):
            raise UserError(
                f"{self.path} has objects but no {MANIFEST_FILE}, so it is not a dataset and is "
                "left untouched. Move them away, or choose another DATA_DIR."
            )
