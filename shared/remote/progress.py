"""Says how far a copy is, now and then, so that a slow store is not taken for a dead one."""

import sys
import time

PERIOD_SECONDS = 5.0


class Progress:
    """Of a copy of one or more files, which have `size` bytes in all."""

    def __init__(self, url: str, size: int):
        self._url, self._size = url, size
        self._before = 0
        self._told = time.monotonic()

    def reached(self, of_file: int) -> None:
        """Args: of_file, the bytes that are there of the current file."""
        if time.monotonic() - self._told >= PERIOD_SECONDS:
            self._told = time.monotonic()
            done = (self._before + of_file) / 1e6
            print(f"{self._url}: {done:,.1f} of {self._size / 1e6:,.1f} MB", file=sys.stderr)

    def finished(self, of_file: int) -> None:
        """The current file is there, with so many bytes."""
        self._before += of_file
