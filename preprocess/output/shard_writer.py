"""Writes framed records to a shard file that appears whole or not at all."""

import contextlib
import hashlib
import os
import tempfile
import uuid

from shared.files import writing
from shared.manifest import Shard
from shared.remote import store
from shared.remote.urls import is_remote


class ShardWriter:
    """Writes one TFRecord file, whose folder is there, or one object of a store from a file of this
    machine.

    with ShardWriter("train/train-00000-of-00001.tfrecord") as writer:
        writer.write(tfrecord.frame(records), len(records))
    writer.shard  # Shard(file="train-00000-of-00001.tfrecord", examples=2, ...)
    """

    def __init__(self, path: str):
        self._path, self._is_remote = path, is_remote(path)
        # Two attempts at one shard may run at once, even on two machines.
        self._temporary = f"{path}.{uuid.uuid4().hex}.tmp"
        if self._is_remote:
            self._temporary = os.path.join(tempfile.gettempdir(), os.path.basename(self._temporary))
        self._written = self._temporary if self._is_remote else path  # for messages
        self._examples = self._bytes = 0
        self._digest = hashlib.sha256()
        self.shard = None

    def __enter__(self) -> "ShardWriter":
        with writing(self._written):
            self._file = open(self._temporary, "wb")
        return self

    def write(self, framed: bytes, examples: int) -> None:
        """Appends `examples` records, already framed; raises UserError if the disk is full."""
        with writing(self._written):
            self._file.write(framed)
        self._digest.update(framed)
        self._bytes += len(framed)
        self._examples += examples

    def __exit__(self, error_type, *_) -> None:
        try:
            with writing(self._written):
                self._file.close()  # writes the rest
                if error_type is None and not self._is_remote:
                    os.replace(self._temporary, self._path)
            if error_type is None and self._is_remote:
                store.put(self._temporary, self._path)
        finally:
            with contextlib.suppress(OSError):  # it has been moved, or removed with its folder
                os.remove(self._temporary)
        self.shard = Shard(
            file=os.path.basename(self._path),
            examples=self._examples,
            bytes=self._bytes,
            sha256=self._digest.hexdigest(),
        )
