"""Libraries without parts of them that take long to import and that nobody here uses."""

import sys
from contextlib import contextmanager


@contextmanager
def without(name: str):
    """Inside the block, importing the module fails as if it were not installed.

    A module that has been imported already stays. Afterwards it can be imported as usual.
    """
    sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # Python's way to say so
    try:
        yield
    finally:
        if sys.modules[name] is None:
            del sys.modules[name]
