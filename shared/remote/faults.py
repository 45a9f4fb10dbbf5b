"""What a store's library raises, as one message; its text names no key and no secret."""

import errno
import re
from typing import Optional

from shared.errors import UserError, of_system

_DENIED = (
    "Check the credentials that the store's library finds (docs/remote.md says where it looks), "
    "and what they may do there"
)
_EXPIRED = "The credentials have expired: renew them (for S3 with SSO: aws sso login)"
_NO_BUCKET = "Check its name and the address of the store, or create it"
# What S3's servers call it, or the number that gcsfs has, and what it means here.
_BY_CODE = {
    "NoSuchBucket": _NO_BUCKET,
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "TokenRefreshRequired": _EXPIRED,
    "RequestTimeTooSkewed": "The clock of this machine is wrong: set it",
    "401": _DENIED,
}
# How gcsfs begins an OSError and a ValueError of Google's; the second line says what is wrong.
_FORBIDDEN, _BAD_REQUEST = "Forbidden: ", "Bad Request: "
# Parts of the names of exceptions about credentials, of botocore and google.auth.
_BY_NAME = {"Credential": _DENIED, "Refresh": _EXPIRED, "Token": _EXPIRED}
# Errors of this machine's disk, whatever file they name.
_OF_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


def mistake(error: Exception, url: str, local: Optional[str] = None) -> Optional[UserError]:
    """What the user can mend; None for what may pass by itself, such as a lost connection.

    Args: local, the file that was being written.
    """
    if isinstance(error, OSError) and _is_of_disk(error, local):
        return of_system(error, local)
    advice = _advice(error)
    if advice:
        return UserError(f"{url}: {in_words(error)}. {advice}; then run this again.")
    if isinstance(error, FileNotFoundError):
        return UserError(f"{url} does not exist: no such object. Check the path.")
    return None


def no_bucket(url: str) -> UserError:
    """What a missing object means when one was to be written: nothing else is missing then."""
    return UserError(f"{url}: there is no such bucket. {_NO_BUCKET}; then run this again.")


def is_missing(error: Exception) -> bool:
    """Whether the object is missing, in a bucket that exists."""
    return isinstance(error, FileNotFoundError) and not _advice(error)


def is_taken(error: Exception) -> bool:
    """Whether a conditional put found an object there."""
    is_refused = code(error) in ("PreconditionFailed", "ConditionalRequestConflict")
    return isinstance(error, FileExistsError) or is_refused


def is_of_condition(error: Exception) -> bool:
    """Whether the store, or its library, knows no conditional put."""
    is_of_argument = isinstance(error, TypeError) and "'mode'" in str(error)
    return is_of_argument or code(error) == "NotImplemented"


def is_of_a_store(error: Exception) -> bool:
    """Whether it is the system's or a library's own; Python's others are bugs."""
    of_python = type(error).__module__ == "builtins"
    return isinstance(error, (OSError, EOFError)) if of_python else True


def code(error: BaseException) -> str:
    """What the server called it; empty if it did not say."""
    for raised in (error, error.__cause__):
        response = getattr(raised, "response", None)
        if isinstance(response, dict):
            return str(response.get("Error", {}).get("Code", ""))
    return str(getattr(error, "code", ""))


def in_words(error: Exception) -> str:
    """Its first line or, of one without words, that of its cause, or its name."""
    lines = (str(error) or str(error.__cause__ or "")).strip().splitlines()
    if _begins(error, _FORBIDDEN) or _begins(error, _BAD_REQUEST):
        lines = lines[1:]
    return re.sub(r"^\[Errno \d+\] |\.$", "", lines[0]) if lines else type(error).__name__


def _is_of_disk(error: OSError, local: Optional[str]) -> bool:
    of_file = local is not None and str(error.filename).startswith(local)
    return error.errno in _OF_DISK or of_file


def _begins(error: Exception, words: str) -> bool:
    return isinstance(error, (OSError, ValueError)) and str(error).startswith(words)


def _advice(error: Exception) -> Optional[str]:
    if code(error) in _BY_CODE:
        return _BY_CODE[code(error)]
    if isinstance(error, PermissionError) or _begins(error, _FORBIDDEN):
        return _DENIED
    if _begins(error, _BAD_REQUEST):
        return _NO_BUCKET
    name = type(error).__name__
    return next((advice for part, advice in _BY_NAME.items() if part in name), None)
