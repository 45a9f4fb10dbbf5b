"""Files that appear whole or not at all, and their sha256."""

import contextlib
import hashlib
import os
import shutil
import uuid
from contextlib import contextmanager
from typing import Iterator, Union

from shared.errors import UserError

_BLOCK_BYTES = 2**20
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"


def write_whole(path: str, content: Union[str, bytes]) -> None:
    """Writes text as UTF-8, or bytes, through a temporary file: a kill leaves the old or the new.

    Raises:
      UserError: the disk is full, or the path cannot be written.
    """
    temporary = f"{path}.{uuid.uuid4().hex}.tmp"  # several threads or machines may write at once
    try:
        with open(temporary, "wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.remove(temporary)
        raise UserError(f"cannot write {path}: {error.strerror}") from None


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
        os.makedirs(temporary)
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error}") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_is_no_pointer(path: str) -> None:
    """Checks that a file is itself, not the text that git-LFS leaves where it did not fetch one.

    Raises:
      UserError: it is a pointer.
    """
    with open(path, "rb") as file:
        start = file.read(len(_LFS_POINTER))
    if start == _LFS_POINTER:
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
