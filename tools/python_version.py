"""Stops a Python that the locked versions are not made for, before .venv is made with it.

python3 tools/python_version.py [<how the user named that Python>]

Any Python must be able to read this file, 2.7 too.
"""

import sys

OLDEST, NEWEST = (3, 10), (3, 13)


def complaint(name, version):
    """What is wrong with that version (major, minor), or None."""
    if OLDEST <= version <= NEWEST:
        return None
    return (
        "error: Python %d.%d to %d.%d is needed, %s is %d.%d; give one with PYTHON=python3.12"
        % (OLDEST + NEWEST + (name,) + version)
    )


if __name__ == "__main__":
    sys.exit(complaint(" ".join(sys.argv[1:]) or sys.executable, tuple(sys.version_info[:2])))
