"""Our input_fn compared with the best that TensorFlow can do, on the train split of a dataset.

python -m bench.input.ours <dataset folder> <batch size>

Prints {"rows", "seconds": {name: of an epoch}, "start": {name: to create the dataset}} as JSON.
A tf.data pipeline is consumed by `Dataset.reduce`, which is also what `for` over a dataset in a
tf.function becomes. Python's own iterator takes 40 to 130 us for a batch, depending on the number
of tensors, for any pipeline. In training, steps of milliseconds hide that, because batches are
prefetched meanwhile; here it would be most of the measured time. So reduce is closer to what
batches cost in a training.

Whole epochs are measured, including drawing the order of the rows and, when streaming, filling the
buffer. `start` is the time to create the dataset; in memory, it includes parsing the split once.
"""

import json
import sys
import time
from typing import Callable
from unittest import mock

import numpy as np
import tensorflow as tf

from shared import records
from shared.config import Config, InputConfig, ModelConfig, OptimizerConfig, RunConfig
from shared.manifest import Manifest
from shared.manifest_file import read_manifest
from shared.shards import shard_paths
from shared.tasks import TRAIN_SPLIT
from train.data import input_fn, order
from train.data.in_memory import read_split

_EPOCHS_IN_MEMORY = 15
_EPOCHS_OF_FILES = 3
_TINY = 1e-9  # GB: everything streams
TRIMMED, UNTRIMMED = "ours", "ours untrimmed"
STREAMED, IN_ORDER = "ours streamed", "ours streamed in order"
UNCHECKED = "ours streamed unchecked"
GATHER, PARSE, PARALLEL, READ = "gather", "parse", "parse in parallel", "read"


def main(folder: str, batch_size: str) -> None:
    manifest = read_manifest(folder)
    made = _Datasets(folder, manifest, int(batch_size))
    batches = manifest.splits[TRAIN_SPLIT].examples // int(batch_size)
    seconds, start = {}, {}
    for name, (make, epochs) in made.by_name().items():
        started = time.perf_counter()
        dataset = make()
        start[name] = time.perf_counter() - started
        seconds[name] = _seconds(dataset, batches * epochs) / epochs
    print(json.dumps({"rows": batches * int(batch_size), "seconds": seconds, "start": start}))


def _seconds(dataset, batches: int) -> float:
    """Seconds for `batches` batches, after a few others, because the first ones are slower."""
    _consume(dataset.take(10))
    taken = dataset.take(batches)
    started = time.perf_counter()
    count = _consume(taken)
    seconds = time.perf_counter() - started
    assert count == batches
    return seconds


def _consume(dataset) -> int:
    return int(dataset.reduce(np.int64(0), lambda count, *_: count + 1))


def untrimmed(manifest: Manifest):
    """A context manager; inside, our input_fn makes every batch as long as the records."""
    longest = np.array([manifest.max_sequence_length])
    return mock.patch.object(input_fn, "trimmed_lengths", lambda *_: longest)


class _Datasets:
    """Endless pipelines over the same rows, with batches of the same size."""

    def __init__(self, folder: str, manifest: Manifest, batch_size: int):
        self._folder, self._manifest, self._batch_size = folder, manifest, batch_size

    def by_name(self) -> "dict[str, tuple[Callable, int]]":
        """{name: (a function that creates the dataset, epochs to measure)}."""
        return {
            TRIMMED: (self._ours, _EPOCHS_IN_MEMORY),
            UNTRIMMED: (self._untrimmed, _EPOCHS_IN_MEMORY),
            GATHER: (self._gather, _EPOCHS_IN_MEMORY),
            STREAMED: (lambda: self._ours(memory_limit_gb=_TINY), _EPOCHS_OF_FILES),
            IN_ORDER: (lambda: self._ours(memory_limit_gb=_TINY, shuffle=False), _EPOCHS_OF_FILES),
            UNCHECKED: (self._unchecked, _EPOCHS_OF_FILES),
            PARSE: (self._parse, _EPOCHS_OF_FILES),
            PARALLEL: (
                lambda: self._parse(tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE),
                _EPOCHS_OF_FILES,
            ),
            READ: (lambda: self._files().prefetch(tf.data.AUTOTUNE), _EPOCHS_OF_FILES),
        }

    def _ours(self, **changes) -> tf.data.Dataset:
        options = InputConfig(self._batch_size, self._folder, **changes)
        params = Config(
            train_input=options,
            eval_input=options,
            predict_input=options,
            model=ModelConfig(1, 1, 1, 1),
            optimizer=OptimizerConfig(learning_rate=()),
            runconfig=RunConfig(tf_random_seed=1, xla=False),
        )
        return input_fn.train_input_fn(params, manifest=self._manifest)

    def _untrimmed(self) -> tf.data.Dataset:
        with untrimmed(self._manifest):
            return self._ours()

    def _unchecked(self) -> tf.data.Dataset:
        """Streamed and shuffled like ours, but a batch only goes through parse_example."""
        with mock.patch.object(input_fn, "_parse", lambda *_: self._example):
            return self._ours(memory_limit_gb=_TINY)

    def _gather(self) -> tf.data.Dataset:
        """Only gathers rows from the same arrays: ids, lengths and labels of a batch."""
        found = read_split(self._folder, TRAIN_SPLIT, self._manifest)
        rows = [tf.constant(column) for column in found if column is not None]
        share = order.share(self._batch_size, 1)
        numbers = order.epoch_batches(order.permutation(1, 0, len(rows[0])), share)
        numbers = tf.data.Dataset.from_tensor_slices(numbers).repeat()
        batches = numbers.map(lambda batch: tuple(tf.gather(column, batch) for column in rows))
        return batches.prefetch(tf.data.AUTOTUNE)

    def _files(self) -> tf.data.Dataset:
        """Serialized records, string [batch_size], in the order of the files."""
        paths = shard_paths(self._folder, TRAIN_SPLIT, self._manifest)
        files = tf.data.TFRecordDataset(paths).batch(self._batch_size, drop_remainder=True)
        return files.repeat()

    def _parse(self, parallel_calls=None) -> tf.data.Dataset:
        """The same, plus parse_example."""
        return self._files().map(self._example, parallel_calls)

    def _example(self, serialized) -> dict:
        """Serialized records, string [B] -> the features as they are on disk."""
        spec = records.feature_spec(
            self._manifest.max_sequence_length, self._manifest.is_regression
        )
        return tf.io.parse_example(serialized, spec)


if __name__ == "__main__":
    main(*sys.argv[1:])
