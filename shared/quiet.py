"""Keeps the log output of libraries off the terminal."""

import logging
import os
import sys
import tempfile
from contextlib import contextmanager

from shared.errors import UserError


@contextmanager
def log_records(level: int):
    """Holds back Python's log records of that level and below inside the block."""
    before = logging.root.manager.disable
    logging.disable(max(level, before))
    try:
        yield
    finally:
        logging.disable(before)


@contextmanager
def native_stderr():
    """Holds back what is written to file descriptor 2 inside the block.

    TensorFlow's C++ code logs to it before any log level can be set. After an exception that is no
    user's mistake and no Ctrl-C, the text is printed after all. Yields a function that returns the
    text so far.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as held:

        def text():
            held.seek(0)
            return held.read().decode("utf-8", "replace")

        os.dup2(held.fileno(), 2)
        try:
            yield text
        except (UserError, KeyboardInterrupt):
            raise
        except BaseException:
            os.write(saved, text().encode("utf-8"))
            raise
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)
