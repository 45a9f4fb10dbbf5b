"""How programs end: a user's mistake gives one message and exit code 2, never a traceback."""

import contextlib
import errno
import io
import os
import re
import sys
from typing import Callable, Optional

FAULTS_FOUND = 1
USER_MISTAKE = 2
# As shells report what these signals end:
HUNG_UP = 129  # SIGHUP
INTERRUPTED = 130  # Ctrl-C
BROKEN_PIPE = 141
TERMINATED = 143  # SIGTERM


_NO_ROOM = "Free some space on that disk, or choose another folder"
_NO_ACCESS = "Choose a path that you may use, or change its permissions"
_NOT_A_FOLDER = "A file is where a folder should be, or a folder where a file; choose another path"
# What to do about an error of the operating system.
_ADVICE = {
    errno.ENOSPC: _NO_ROOM,
    errno.EDQUOT: _NO_ROOM,
    errno.EFBIG: "Raise the limit on the size of files (ulimit -f)",
    errno.EMFILE: "Raise the limit on open files (ulimit -n)",
    errno.EACCES: _NO_ACCESS,
    errno.EPERM: _NO_ACCESS,
    errno.EROFS: "Choose a folder on a disk that is not read-only",
    errno.ENOTDIR: _NOT_A_FOLDER,
    errno.EISDIR: _NOT_A_FOLDER,
    errno.ENAMETOOLONG: "Choose a shorter path",
    errno.ELOOP: "A link is where a file should be; remove it",
}
_CHECK = "Check that path and the disk that it is on"


class UserError(Exception):
    """A user's mistake. The text says what was found, what was expected and what to do."""


class FaultsFound(Exception):
    """A check ran and found faults; the text says how many."""


class Terminated(Exception):
    """SIGTERM arrived, and the work was ended cleanly."""

    code = TERMINATED


class HungUp(Terminated):
    """The same, after SIGHUP: the terminal is gone."""

    code = HUNG_UP


def plain_message(error: Exception) -> str:
    """The line of a TensorFlow error that says what is wrong, without the names of operations.

    It is the first line or, for an error inside a tf.function, the line before the node.

    >>> plain_message(Exception("{{node X}} truncated record [Op:Next] name: "))
    'truncated record'
    >>> plain_message(Exception("  (0) RESOURCE_EXHAUSTED:  Out of memory"))
    'Out of memory'
    """
    text = str(getattr(error, "message", error))
    in_graph = re.search(r"\n(.+)\n\t \[\[\{\{node ", text)
    line = in_graph.group(1) if in_graph else (text.splitlines() or [""])[0]
    return re.sub(r"\{\{.*?\}\} ?| ?\[Op:.*|^ *\(\d+\) [A-Z_]+: +", "", line)


def of_system(error: OSError, path: Optional[str] = None) -> UserError:
    """An error of the operating system, such as a full disk, as a message.

    Args:
      path: what was being written; None if the error itself names it.
    """
    named = error.filename if error.filename2 is None else error.filename2
    prefix = f"cannot write {path}: " if path else "" if named is None else f"{named}: "
    advice = _ADVICE.get(error.errno or 0, _CHECK)
    return UserError(f"{prefix}{error.strerror or error}. {advice}; then run this again.")


def of_library(error: Exception, path: str) -> Optional[UserError]:
    """The same, for a library's exception that has the system's words in its text; else None."""
    for code in _ADVICE:
        if os.strerror(code) in str(error):
            return of_system(OSError(code, os.strerror(code)), path)
    return None


def exit_code(main: Callable[[], None]) -> int:
    """Runs `main` and returns the program's exit code; errors are one message on stderr.

    Any other exception is a bug of ours: Python shows the traceback and exits with 1.
    """
    _prepare_output()
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
        return error.code
    except BrokenPipeError:  # the reader of our output, such as `head`, is done
        _discard_output()
        return BROKEN_PIPE
    except OSError as error:
        if error.errno is None:  # not of the operating system
            raise
        if error.filename is None:  # it may be our output that cannot be written
            _discard_output()
        print(f"error: {of_system(error)}", file=sys.stderr)
        return USER_MISTAKE
    except KeyboardInterrupt as error:
        print(str(error) or "interrupted", file=sys.stderr)
        return INTERRUPTED
    return 0


def _prepare_output() -> None:
    """Progress appears at once, even through a pipe; text that a terminal lacks is escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a notebook has its own
            stream.reconfigure(line_buffering=True, errors="backslashreplace")


def _discard_output() -> None:
    """Python would write the rest of it when it ends, and fail."""
    with contextlib.suppress(io.UnsupportedOperation):  # a notebook's output has no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
