"""Files that appear whole or not at all, and their sha256."""

import contextlib
import fcntl
import glob
import hashlib
import os
import shutil
import uuid
from contextlib import contextmanager
from typing import BinaryIO, Iterator, Union

from shared.errors import UserError, of_system

_BLOCK_BYTES = 2**20
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"


@contextmanager
def writing(path: str) -> Iterator[None]:
    """Raises UserError if the system does not let the block write `path`."""
    try:
        yield
    except OSError as error:
        raise of_system(error, path) from None


def utf8(text: str) -> bytes:
    """Text as UTF-8; what UTF-8 lacks, in names of files that are not UTF-8, as JSON escapes it."""
    return text.encode("utf-8", "backslashreplace")


def write_whole(path: str, content: Union[str, bytes]) -> None:
    """Writes text as UTF-8, or bytes, through a temporary file: a kill leaves the old or the new.

    Raises:
      UserError: the disk is full, or the path cannot be written.
    """
    with whole_file(path) as file:
        file.write(utf8(content) if isinstance(content, str) else content)


@contextmanager
def whole_file(path: str) -> "Iterator[BinaryIO]":
    """Yields a file to write into, which becomes `path` when the block ends without an error.

    Raises:
      UserError: the disk is full, or the path cannot be written.
    """
    temporary = f"{path}.{uuid.uuid4().hex}.tmp"  # several threads or machines may write at once
    with writing(path):
        try:
            with open(temporary, "wb") as file:
                _hold(file.fileno())
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            with contextlib.suppress(OSError):  # it has been moved
                os.remove(temporary)


@contextmanager
def whole_folder(path: str) -> Iterator[str]:
    """Yields a folder to write into, which becomes `path` when the block ends without an error.

    Raises:
      UserError: `path` exists and is not an empty folder, or it cannot be written.
    """
    if os.path.exists(path) and not (os.path.isdir(path) and not os.listdir(path)):
        raise UserError(f"{path} already exists; give a new or empty folder")
    temporary = f"{os.path.abspath(path)}.{uuid.uuid4().hex}.tmp"
    try:
        with writing(path):
            os.makedirs(temporary)
            with _held(temporary):
                yield temporary
                os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def remove_leftovers(path: str) -> None:
    """Removes what killed programs have left that wrote `path` by whole_file or whole_folder; what
    a running one writes is locked, and stays."""
    for leftover in glob.glob(f"{glob.escape(os.path.abspath(path))}.{'[0-9a-f]' * 32}.tmp"):
        with contextlib.suppress(OSError), _held(leftover):
            shutil.rmtree(leftover) if os.path.isdir(leftover) else os.remove(leftover)


@contextmanager
def _held(path: str) -> Iterator[None]:
    """Raises BlockingIOError if another program holds it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        _hold(descriptor)
        yield
    finally:
        os.close(descriptor)


def _hold(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:  # some shared file systems have no locks
        pass


def is_plain_name(name: str) -> bool:
    """Whether it names a file in a folder, and cannot lead out of that.

    >>> [is_plain_name(name) for name in ("a.b", "../a", "/a", "..", "")]
    [True, False, False, False, False]
    """
    return os.path.basename(name) == name not in ("", os.curdir, os.pardir) and "\0" not in name


def check_are_no_links(*paths: str) -> None:
    """Checks files that another file names: where others can write, a link makes them any files of
    the user's.

    Raises:
      UserError: one of them is a link.
    """
    for path in paths:
        if os.path.islink(path):
            raise UserError(
                f"{path} is a link to {os.readlink(path)}, and may have been put there by somebody "
                "else, so it is not followed; copy what it leads to (cp -rL)"
            )


def no_link(path: str, flags: int) -> int:
    """For open(..., opener=no_link): fails where a link is. Where others can write, one may have
    been put there to have another of the user's files overwritten."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)


def check_is_no_pointer(path: str) -> None:
    """Checks that a file is itself, not the text that git-LFS leaves where it did not fetch one.

    Raises:
      UserError: it is a pointer.
    """
    with open(path, "rb") as file:
        refuse_pointer(file.read(len(_LFS_POINTER)), path)


def refuse_pointer(content: bytes, path: str) -> None:
    """As check_is_no_pointer; args: content, what begins the file."""
    if content.startswith(_LFS_POINTER):
        raise UserError(
            f"{path} is only a git-LFS pointer to the file: run `git lfs pull` in its repository, "
            "or download it again"
        )


def sha256_of(path: str) -> str:
    """sha256 of the file's bytes, in hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(_BLOCK_BYTES), b""):
            digest.update(block)
    return digest.hexdigest()
