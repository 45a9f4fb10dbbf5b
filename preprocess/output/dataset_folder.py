"""Replaces a dataset folder as a whole: a kill at any moment leaves the old one or none.

msl72                    the dataset
msl72.incomplete-5f0c..  the next one, while it is written; manifest.json is its last file. Each run
                         has its own, so that a worker that outlives its run cannot write into the
                         next run's folder
msl72.replaced           the old one, for the moment between two renames
"""

import glob
import os
import shutil
import uuid
from contextlib import contextmanager

from preprocess.output.remote_dataset import RemoteDataset
from preprocess.output.replaced_dataset import ReplacedDataset
from shared import lock
from shared.errors import UserError
from shared.manifest_file import is_dataset
from shared.remote.urls import is_remote
from shared.where import MANIFEST_FILE

_INCOMPLETE = ".incomplete-"


def at(path: str) -> ReplacedDataset:
    """The dataset in a folder, or at a URL."""
    return RemoteDataset(path) if is_remote(path) else DatasetFolder(path)


class DatasetFolder(ReplacedDataset):
    """The folder `path` and those beside it."""

    def __init__(self, path: str):
        self.path = os.path.abspath(path)
        self.incomplete = f"{self.path}{_INCOMPLETE}{uuid.uuid4().hex[:8]}"
        self.shards = self.incomplete
        self._replaced = self.path + ".replaced"

    def _lock(self):
        parent, name = os.path.split(self.path)
        return lock.exclusive(os.path.join(parent, f".{name}.lock"), "another run", "DATA_DIR")

    @contextmanager
    def replaced(self):
        os.makedirs(self.incomplete)
        try:
            yield
        except BaseException:
            shutil.rmtree(self.incomplete, ignore_errors=True)
            raise
        self._commit()

    def make_way(self) -> None:
        """Nothing is in the way: the dataset is moved when the new one is whole."""

    def _commit(self) -> None:
        assert is_dataset(self.incomplete)
        if os.path.exists(self.path):
            os.rename(self.path, self._replaced)
        os.rename(self.incomplete, self.path)
        shutil.rmtree(self._replaced, ignore_errors=True)

    def _recover(self) -> None:
        incomplete = glob.glob(f"{glob.escape(self.path)}{_INCOMPLETE}*")
        if not os.path.exists(self.path):
            complete = [folder for folder in incomplete if is_dataset(folder)]
            for folder in [*complete, self._replaced][:1]:
                if os.path.exists(folder):
                    os.rename(folder, self.path)
        for leftover in (*incomplete, self._replaced):
            shutil.rmtree(leftover, ignore_errors=True)

    def _check_is_dataset(self) -> None:
        if os.path.exists(self.path) and not is_dataset(self.path):
            raise UserError(
                f"{self.path} exists but has no {MANIFEST_FILE}, so it is not a dataset and is "
                "left untouched. Move it away, or choose another DATA_DIR."
            )
