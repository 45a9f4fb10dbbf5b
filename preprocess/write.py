"""Batches of features become a shard file; its bytes depend on the features alone."""

import os
import uuid

import tensorflow as tf

from preprocess.serialize import serialize
from shared.files import sha256_of
from shared.manifest import Shard


class ShardWriter:
    """Writes one TFRecord file that appears whole or not at all.

    with ShardWriter("train/train-00000-of-00001.tfrecord", is_regression=False) as writer:
        writer.write(features)
    writer.shard  # Shard(file="train-00000-of-00001.tfrecord", examples=2, ...)
    """

    def __init__(self, path: str, is_regression: bool):
        self._path = path
        # Two attempts at one shard may run at once, on two machines even.
        self._temporary = f"{path}.{uuid.uuid4().hex}.tmp"
        self._is_regression = is_regression
        self._examples = 0
        self.shard = None

    def __enter__(self) -> "ShardWriter":
        os.makedirs(os.path.dirname(self._path), exist_ok=True)
        self._writer = tf.io.TFRecordWriter(self._temporary)
        return self

    def write(self, batch: dict) -> None:
        """Appends {feature name: int array [N, length], `labels`: array [N]}, row by row."""
        for record in serialize(batch, self._is_regression):
            self._writer.write(record)
            self._examples += 1

    def __exit__(self, error_type, *_) -> None:
        self._writer.close()
        if error_type is not None:
            os.remove(self._temporary)
            return
        self.shard = Shard(
            file=os.path.basename(self._path),
            examples=self._examples,
            bytes=os.path.getsize(self._temporary),
            sha256=sha256_of(self._temporary),
        )
        os.replace(self._temporary, self._path)
