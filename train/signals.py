"""Notes SIGTERM, SIGHUP and Ctrl-C instead of letting them end the program, so that it can save
first."""

import contextlib
import os
import signal
import stat

from shared.errors import HungUp, Terminated

_NAMES = {signal.SIGTERM: "SIGTERM", signal.SIGHUP: "SIGHUP", signal.SIGINT: "Ctrl-C"}
_OUTPUTS = (1, 2)


@contextlib.contextmanager
def noted():
    """Notes the signals instead of ending the program; yields a function: has one arrived?

    A second Ctrl-C ends the program at once. When nested, the outer one keeps noting. A signal that
    is ignored, as nohup does it, stays ignored.
    """
    outer = {number: signal.getsignal(number) for number in _NAMES}
    ours = {
        number: _Noted()
        for number, handler in outer.items()
        if handler != signal.SIG_IGN and not isinstance(handler, _Noted)
    }
    for number, handler in ours.items():
        signal.signal(number, handler)
    try:
        yield has_come
    finally:
        for number in ours:
            signal.signal(number, outer[number])


def has_come() -> bool:
    """Whether a signal has been noted."""
    return any(map(_is_noted, _NAMES))


def take_back() -> None:
    """Treats SIGTERM as before a library has taken it in C, which Python does not see."""
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))


def stopped(what: str) -> BaseException:
    """The exception to end with, after a signal to this process or another worker.

    Args: what, was stopped and what is kept: `at step 12; checkpoint written`.
    """
    if _is_noted(signal.SIGINT):
        return KeyboardInterrupt(f"stopped by {_NAMES[signal.SIGINT]} {what}")
    if _is_noted(signal.SIGHUP):
        return HungUp(f"stopped by {_NAMES[signal.SIGHUP]} {what}")
    return Terminated(f"stopped by {_NAMES[signal.SIGTERM]} {what}")


def _is_noted(number) -> bool:
    handler = signal.getsignal(number)
    return isinstance(handler, _Noted) and handler.count > 0


class _Noted:
    """A signal handler that counts."""

    def __init__(self):
        self.count = 0

    def __call__(self, number, _):
        self.count += 1
        if number == signal.SIGINT and self.count > 1:
            raise KeyboardInterrupt
        if number == signal.SIGINT:
            _say(b"stopping; what is done will be saved. Ctrl-C again ends at once\n")
        if number == signal.SIGHUP:
            _say(b"SIGHUP: the terminal is gone; stopping, what is done will be saved\n")
            _print_to_files_only()


def _say(line: bytes) -> None:
    """For print may not be called while the program prints."""
    with contextlib.suppress(OSError):
        os.write(2, line)


def _print_to_files_only() -> None:
    """A terminal that is gone cannot be written to, nor a pipe whose reader, such as `tee`, has
    gone with it; that would end the program before it has saved."""
    for output in _OUTPUTS:
        if not stat.S_ISREG(os.fstat(output).st_mode):
            os.dup2(os.open(os.devnull, os.O_WRONLY), output)
