"""Keeps the start-up chatter of native libraries off the terminal."""

import os
import sys
import tempfile
from contextlib import contextmanager


@contextmanager
def native_stderr():
    """Holds back what is written to file descriptor 2 inside the block.

    TensorFlow's C++ code logs to it before any log level can be set. An exception brings the
    text back. Yields a function that returns the text so far.
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
        except BaseException:
            os.write(saved, text().encode("utf-8"))
            raise
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)
