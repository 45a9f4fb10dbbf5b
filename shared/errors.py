"""How the programs end: the user's mistakes are one message and exit code 2, never a traceback."""

import io
import os
import re
import sys
from typing import Callable

FAULTS_FOUND = 1
USER_MISTAKE = 2
BROKEN_PIPE = 141  # as shells report it
INTERRUPTED = 130  # Ctrl-C, as shells report it
TERMINATED = 143  # SIGTERM


class UserError(Exception):
    """A mistake of the user's. The text says what was found, what was expected and what to do."""


class FaultsFound(Exception):
    """A check did its work and found something; the text says how much."""


class Terminated(Exception):
    """SIGTERM came, and the work was brought to a clean end."""


def plain_message(error: Exception) -> str:
    """The line of a TensorFlow error that says what is wrong, without the names of operations.

    It is the first one, or, where the error came up inside a tf.function, that before the node.

    >>> plain_message(Exception("{{node X}} truncated record [Op:Next] name: "))
    'truncated record'
    """
    text = str(getattr(error, "message", error))
    in_graph = re.search(r"\n(.+)\n\t \[\[\{\{node ", text)
    line = in_graph.group(1) if in_graph else (text.splitlines() or [""])[0]
    return re.sub(r"\{\{.*?\}\} ?| ?\[Op:.*", "", line)


def exit_code(main: Callable[[], None]) -> int:
    """Runs `main` and returns the program's exit code; errors are one message on stderr.

    Anything but the cases here is our own fault: its traceback goes through, Python exits with 1.
    """
    # Progress must be seen at once, also through a pipe.
    if isinstance(sys.stdout, io.TextIOWrapper):  # a notebook has its own
        sys.stdout.reconfigure(line_buffering=True)
    try:
        main()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return USER_MISTAKE
    except FaultsFound as error:
        print(f"error: {error}", file=sys.stderr)
        return FAULTS_FOUND
    except Terminated as error:
        print(error, file=sys.stderr)
        return TERMINATED
    except BrokenPipeError:  # who reads our output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    return 0
