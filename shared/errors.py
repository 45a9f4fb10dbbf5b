"""How the programs end: the user's mistakes are one message and exit code 2, never a traceback."""

import re
import sys
from typing import Callable

USER_MISTAKE = 2
INTERRUPTED = 130  # Ctrl-C, as shells report it
TERMINATED = 143  # SIGTERM


class UserError(Exception):
    """A mistake of the user's. The text says what was found, what was expected and what to do."""


class Terminated(Exception):
    """SIGTERM came, and the work was brought to a clean end."""


def plain_message(error: Exception) -> str:
    """The first line of a TensorFlow error, without the names of its operations.

    >>> plain_message(Exception("{{node X}} truncated record [Op:Next] name: "))
    'truncated record'
    """
    line = (str(getattr(error, "message", error)).splitlines() or [""])[0]
    return re.sub(r"\{\{.*?\}\} ?| ?\[Op:.*", "", line)


def exit_code(main: Callable[[], None]) -> int:
    """Runs `main` and returns the program's exit code; errors are one message on stderr.

    Anything but the cases here is our own fault: its traceback goes through, Python exits with 1.
    """
    # Progress must be seen at once, also through a pipe.
    sys.stdout.reconfigure(line_buffering=True)
    try:
        main()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return USER_MISTAKE
    except Terminated as error:
        print(error, file=sys.stderr)
        return TERMINATED
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    return 0
