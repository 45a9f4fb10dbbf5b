"""How programs end: a user's mistake gives one message and exit code 2, never a traceback."""

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
    """A user's mistake. The text says what was found, what was expected and what to do."""


class FaultsFound(Exception):
    """A check ran and found faults; the text says how many."""


class Terminated(Exception):
    """SIGTERM arrived, and the work was ended cleanly."""


def plain_message(error: Exception) -> str:
    """The line of a TensorFlow error that says what is wrong, without the names of operations.

    It is the first line or, for an error inside a tf.function, the line before the node.

    >>> plain_message(Exception("{{node X}} truncated record [Op:Next] name: "))
    'truncated record'
    """
    text = str(getattr(error, "message", error))
    in_graph = re.search(r"\n(.+)\n\t \[\[\{\{node ", text)
    line = in_graph.group(1) if in_graph else (text.splitlines() or [""])[0]
    return re.sub(r"\{\{.*?\}\} ?| ?\[Op:.*", "", line)


def exit_code(main: Callable[[], None]) -> int:
    """Runs `main` and returns the program's exit code; errors are one message on stderr.

    Any other exception is a bug of ours: Python shows the traceback and exits with 1.
    """
    # Progress must appear at once, even through a pipe.
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
    except BrokenPipeError:  # the reader of our output, such as `head`, is done
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    return 0
