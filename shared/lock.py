"""Keeps two programs from writing to one folder at the same time."""

import fcntl
import os
from contextlib import contextmanager

from shared.errors import UserError
from shared.files import no_link


@contextmanager
def exclusive(path: str, what: str, elsewhere: str):
    """Holds a lock file while the block runs; a killed program releases it.

    Args:
      path: of the lock file; its folder is created.
      what: who else may hold the lock, for the message.
      elsewhere: the variable that chooses another folder, for the message.
    Raises:
      UserError: the lock is held, or the folder cannot be written to.
    """
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, exist_ok=True)
        lock = open(path, "w", opener=no_link)  # noqa: SIM115
    except OSError as error:
        raise UserError(
            f"cannot write to {folder}: {error.strerror}; choose another {elsewhere}"
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"{what} is writing to {folder}; wait for it, or choose another {elsewhere}"
            ) from None
        yield
