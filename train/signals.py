"""Notes SIGTERM instead of letting it end the program."""

import contextlib
import signal


@contextlib.contextmanager
def sigterm_noted():
    """Notes SIGTERM instead of ending the program; yields a function: has it arrived?

    When nested, the outer one keeps noting it.
    """
    outer = signal.getsignal(signal.SIGTERM)
    if isinstance(outer, _Noted):
        yield outer.has_come
        return
    noted = _Noted()
    signal.signal(signal.SIGTERM, noted)
    try:
        yield noted.has_come
    finally:
        signal.signal(signal.SIGTERM, outer)


class _Noted:
    """A signal handler that remembers."""

    def __init__(self):
        self._count = 0

    def __call__(self, *_):
        self._count += 1

    def has_come(self) -> bool:
        return self._count > 0
