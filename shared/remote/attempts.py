"""Calls to a store are repeated a few times, and every repetition is told."""

import sys
import time
from contextlib import contextmanager
from typing import Callable, Iterator, List, Optional, TextIO, TypeVar

from shared.errors import UserError
from shared.remote import faults

# Seconds between the tries. The library's own, shorter tries come on top of each.
WAITS = (1, 2, 4, 8, 16)

_Result = TypeVar("_Result")
_streams: List[TextIO] = []


@contextmanager
def told_on(stream: TextIO) -> Iterator[None]:
    """Inside the block lines go to this stream, even where standard error is held back."""
    _streams.append(stream)
    try:
        yield
    finally:
        _streams.remove(stream)


def tell(line: str) -> None:
    print(line, file=_streams[-1] if _streams else sys.stderr)


def repeated(
    call: Callable[[], _Result], url: str, what: str, local: Optional[str] = None
) -> _Result:
    """What `call` returns.

    Args:
      what: the call does, such as `read`.
      local: the file that it writes.
    Raises:
      UserError: the store refuses, or the last try failed, too.
      FileNotFoundError: as the call, for an object.
    """
    for number, wait in enumerate((*WAITS, None), 1):
        try:
            return call()
        except UserError:
            raise
        except Exception as error:
            if faults.is_missing(error):
                raise
            _pass_on(error, url, what, local, number, wait)
            assert wait is not None
            time.sleep(wait)
    raise AssertionError


def _pass_on(error, url, what, local, number, wait) -> None:
    """Raises what a repetition would not mend; else says that there is one."""
    mistake = faults.mistake(error, url, local)
    if mistake:
        raise mistake from None
    if not faults.is_of_a_store(error):
        raise error
    found = f"cannot {what} {url}: {faults.in_words(error)}"
    if wait is None:
        raise UserError(
            f"{found}; gave up after {number} tries. Check the store, its address, the room on its "
            "disk and the network; then run this again."
        ) from None
    tell(f"{found}; try {number + 1} of {len(WAITS) + 1} in {wait} s")
