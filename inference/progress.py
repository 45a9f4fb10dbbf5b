"""Shows on standard error how far a long work has come; standard output is for answers."""

import sys
import time
from typing import Optional

from shared.clock import clock

_SECONDS = 5  # between two lines


class Progress:
    """Attributes: done, rows so far."""

    def __init__(self, total: Optional[int]):
        """Args: total, rows in all; None if that is unknown."""
        self.done = 0
        self._total, self._started = total, time.monotonic()
        self._last = self._started

    def add(self, count: int) -> None:
        self.done += count
        now = time.monotonic()
        if now - self._last >= _SECONDS:
            self._last = now
            print(self._line(now - self._started), file=sys.stderr)

    def _line(self, seconds: float) -> str:
        rate = self.done / seconds
        if self._total is None:
            return f"{self.done:,} rows, {rate:,.0f} rows/s"
        left = clock((self._total - self.done) / rate)
        return f"{self.done:,} of {self._total:,} rows, {rate:,.0f} rows/s, ETA {left}"
