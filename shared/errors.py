"""How the programs end: the user's mistakes are one message and exit code 2, never a traceback."""

import sys
from typing import Callable

USER_MISTAKE = 2


class UserError(Exception):
    """A mistake of the user's. The text says what was found, what was expected and what to do."""


def exit_code(main: Callable[[], None]) -> int:
    """Runs `main` and returns the program's exit code: 0, or 2 with one message on stderr.

    Anything but a UserError is our own fault: its traceback goes through and Python exits with 1.
    """
    try:
        main()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return USER_MISTAKE
    return 0
