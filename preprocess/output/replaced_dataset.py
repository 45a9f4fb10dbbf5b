"""What a run does with the place of its dataset, a folder or a URL: it replaces all of it."""

import abc
from contextlib import AbstractContextManager, contextmanager
from typing import Iterator


class ReplacedDataset(abc.ABC):
    """A place for a dataset.

    Attributes:
      path: the folder, or URL.
      incomplete: a folder of this machine for what the launcher writes.
      shards: the folder, or URL, where workers write.
    """

    path: str
    incomplete: str
    shards: str

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other runs out, and first completes or undoes what a killed run left behind.

        Raises:
          UserError: another run holds the place, or something is there that is not a dataset.
        """
        with self._lock():
            self._recover()
            self._check_is_dataset()
            yield

    @abc.abstractmethod
    def replaced(self) -> "AbstractContextManager[None]":
        """Creates `incomplete`; what is written becomes the dataset when the block succeeds."""

    @abc.abstractmethod
    def make_way(self) -> None:
        """Called when rows have been read without a mistake, before the first shard is written."""

    @abc.abstractmethod
    def _lock(self) -> "AbstractContextManager[None]":
        """Raises UserError if another run holds it."""

    @abc.abstractmethod
    def _recover(self) -> None:
        """Completes or undoes what a killed run left behind."""

    @abc.abstractmethod
    def _check_is_dataset(self) -> None:
        """Raises UserError if something else is there."""
