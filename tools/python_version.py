"""Rejects a Python that the locked versions do not support, before .venv is created with it.

python3 tools/python_version.py [<the Python as the user named it>]

Any Python must be able to run this file, even 2.7.
"""

import sys

OLDEST, NEWEST = (3, 10), (3, 13)


def complaint(name, version):
    """What is wrong with this version (major, minor), or None."""
    if OLDEST <= version <= NEWEST:
        return None
    return (
        "error: Python %d.%d to %d.%d is required, %s is %d.%d; give one with PYTHON=python3.12"
        % (OLDEST + NEWEST + (name,) + version)
    )


if __name__ == "__main__":
    sys.exit(complaint(" ".join(sys.argv[1:]) or sys.executable, tuple(sys.version_info[:2])))
