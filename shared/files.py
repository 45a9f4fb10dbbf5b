"""Files that appear whole or not at all, and their sha256."""

import hashlib
import os
import uuid
from typing import Union

_BLOCK_BYTES = 2**20


def write_whole(path: str, content: Union[str, bytes]) -> None:
    """Writes text as UTF-8, or bytes, through a temporary file: a kill leaves old file or new."""
    temporary = f"{path}.{uuid.uuid4().hex}.tmp"  # several threads or machines may write at once
    with open(temporary, "wb") as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def sha256_of(path: str) -> str:
    """sha256 of the file's bytes, in hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(_BLOCK_BYTES), b""):
            digest.update(block)
    return digest.hexdigest()
