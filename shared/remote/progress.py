"""Says how far a copy is, now and then, so that a slow store is not taken for a dead program."""

import threading

from shared.remote import attempts

PERIOD_SECONDS = 5.0


class Progress:
    """Of a copy of one or more files, which have `size` bytes in all; told while the block runs."""

    def __init__(self, url: str, size: int):
        self._url, self._size = url, size
        self._before = self._of_file = 0
        self._ended = threading.Event()

    def __enter__(self) -> "Progress":
        self._teller = threading.Thread(target=self._tell, daemon=True)
        self._teller.start()
        return self

    def __exit__(self, *_) -> None:
        self._ended.set()
        self._teller.join()

    def reached(self, of_file: int) -> None:
        """Args: of_file, the bytes that are there of the current file."""
        self._of_file = of_file

    def finished(self, of_file: int) -> None:
        """The current file is there, with so many bytes."""
        self._before += of_file
        self._of_file = 0

    def _tell(self) -> None:
        while not self._ended.wait(PERIOD_SECONDS):
            done = (self._before + self._of_file) / 1e6
            attempts.tell(f"{self._url}: {done:,.1f} of {self._size / 1e6:,.1f} MB")
