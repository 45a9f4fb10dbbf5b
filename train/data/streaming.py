"""Reads a split that is too large for memory, a block of records at a time.

Every epoch takes the shards in an order drawn from (seed, epoch), reads a few of them in turn and
shuffles one buffer of records after the other. All of it depends only on the seed and the number of
processes, so a run resumes by skipping what it had read of the epoch in which it stopped.
"""

import functools
import os
from typing import List, NamedTuple, Tuple

import numpy as np
import tensorflow as tf

from shared import record_lengths, records
from shared.config import InputConfig
from shared.errors import UserError
from shared.manifest import Manifest
from shared.shards import check_sizes, shard_paths, sound_paths
from shared.tasks import TRAIN_SPLIT
from train.data import order, record_rules

_SHARDS_AT_A_TIME = 8
_BLOCK = 256  # records read from each in turn; fewer are slower
_BYTES_AT_A_TIME = 1 << 18  # of a file


def training_batches(
    options: InputConfig, manifest: Manifest, share: order.Share, seed: int, first_step: int
):
    """An endless dataset of serialized records, string [B]; see input_fn.train_input_fn."""
    processes = share.replicas // share.here
    own = share.first // share.here
    read, counts = _parts(options, manifest, seed, processes)
    per_epoch = min(order.steps_per_epoch(count * processes, share) for count in counts)
    batches = [per_epoch * share.batches_per_step]
    first_batch = first_step * share.batches_per_step
    buffers = _Buffers(options, seed, share.rows, batches)
    return _endless(lambda epoch: read(epoch, own), buffers, first_batch)


def worker_batches(
    options: InputConfig, manifest: Manifest, worker: int, workers: int, seed: int, first_batch: int
):
    """The same for one of several workers that do not wait for each other.

    In epoch e it reads part (worker + e) % workers: if a listed worker feeds nothing, other records
    are missing in every epoch.

    Args: first_batch, which of this worker's batches comes first.
    Raises:
      UserError: a part of the records is too small for a batch.
    """
    read, counts = _parts(options, manifest, seed, workers)
    rows = options.batch_size
    if min(counts) < rows:
        raise UserError(
            f"one of {workers} input workers has {min(counts)} training examples, fewer than "
            f"train_input.batch_size {rows}; start fewer workers, or use a smaller batch"
        )
    batches = [counts[(worker + epoch) % workers] // rows for epoch in range(workers)]
    buffers = _Buffers(options, seed, rows, batches)
    return _endless(lambda epoch: read(epoch, (worker + epoch) % workers), buffers, first_batch)


class _Buffers(NamedTuple):
    """How records become batches: a buffer of whole batches at a time, so that none spans two.

    A buffer is shuffled in one operation: one record at a time, as tf.data does it, costs as much
    as parsing them.

    rows: of a batch.
    batches: how many each epoch has, repeating in turn; an epoch's remaining records are skipped.
    """

    options: InputConfig
    seed: int
    rows: int
    batches: List[int]

    @property
    def in_each(self) -> int:
        """How many batches fill a buffer."""
        return max(self.options.shuffle_buffer // self.rows, 1)

    def numbers(self, epoch, number, records) -> np.ndarray:
        """Which of its records make which batches, int64 [batches, rows].

        Args: int64 scalars: the epoch, the number of the buffer in it, the records in the buffer.
        """
        chosen = np.arange(records)
        if self.options.shuffle:
            chosen = order.permutation_of_buffer(self.seed, int(epoch), int(number), int(records))
        left = self.batches[epoch % len(self.batches)] - number * self.in_each
        whole = max(min(records // self.rows, left), 0)
        return chosen[: whole * self.rows].reshape(whole, self.rows)


def _endless(read, buffers: _Buffers, first_batch: int):
    """Endless batches; a buffer is filled while the previous one is used, between epochs, too.

    Args: read, a function of an epoch's number (int64 tensor) that returns its records in blocks.
    """
    first_epoch, taken = _place(buffers.batches, first_batch)

    def filled(epoch):
        numbered = _rebatched(read(epoch), buffers.in_each * buffers.rows).enumerate()
        return numbered.map(lambda number, records: (epoch, number, records))

    def in_batches(epoch, number, records):
        count = tf.size(records, tf.int64)
        numbers = tf.numpy_function(buffers.numbers, [epoch, number, count], tf.int64)
        numbers.set_shape([None, buffers.rows])
        return tf.gather(records, numbers)

    epochs = tf.data.Dataset.range(first_epoch, order.EPOCHS_WITHOUT_END)
    batched = epochs.flat_map(filled).map(in_batches).prefetch(1)
    return batched.flat_map(tf.data.Dataset.from_tensor_slices).skip(taken)


def _rebatched(blocks, size):
    """Turns strings [any] into strings [size], in the same order; the last one is the rest."""
    if hasattr(blocks, "rebatch"):
        return blocks.rebatch(size)
    return blocks.unbatch().batch(size)  # TensorFlow 2.2 of the wse backend; slower


def _place(batches: List[int], first_batch: int) -> Tuple[int, int]:
    """(the epoch of a batch, how many come before it there); with epochs of 3 and 2 batches in
    turn, batch 6 is in epoch 2 after 1."""
    cycles, taken = divmod(first_batch, sum(batches))
    epoch = cycles * len(batches)
    while taken >= batches[epoch % len(batches)]:
        taken -= batches[epoch % len(batches)]
        epoch += 1
    return epoch, taken


def evaluation_batches(options: InputConfig, split: str, manifest: Manifest):
    """A dataset of serialized records, string [B], each once and in order."""
    return records_in_order(options, split, manifest).batch(options.batch_size)


def records_in_order(options: InputConfig, split: str, manifest: Manifest):
    """A dataset of the serialized records of a split, string []."""
    check_sizes(options.dataset, split, manifest)
    return _from_files(sound_paths(options.dataset, split, manifest))


def _parts(options, manifest, seed, processes):
    """The training records in as many parts as there are processes.

    Returns: (a function of an epoch and a part's number, integers or int64 tensors, that returns
      its records in blocks; how many each part has).
    """
    check_sizes(options.dataset, TRAIN_SPLIT, manifest)
    paths = shard_paths(options.dataset, TRAIN_SPLIT, manifest)
    sizes = [shard.examples for shard in manifest.splits[TRAIN_SPLIT].shards]
    has_own_shards = len(paths) >= processes
    if not has_own_shards:
        print(
            f"{len(paths)} shards for {processes} processes: each process reads all of them and "
            f"uses its share; more shards (--num_shards) would be faster"
        )

    def read(epoch, part):
        if has_own_shards:
            return _blocks(paths, options, seed, epoch, part, processes)
        records = _blocks(paths, options, seed, epoch, 0, 1).unbatch()
        return records.shard(processes, part).batch(_BLOCK)

    return read, parts(sizes, processes)


def parts(sizes: List[int], processes: int) -> List[int]:
    """How many records each of several processes has, by the sizes of the shards.

    Each has whole shards or, if there are fewer shards than processes, its share of every shard:
    shards of 5, 4 and 3 are 8 and 4 records for two processes, 3 each for four.
    """
    if len(sizes) >= processes:
        return [sum(sizes[number::processes]) for number in range(processes)]
    return [sum(sizes) // processes] * processes


def _blocks(paths: List[str], options, seed, epoch, part, processes):
    """All records of every `processes`-th shard from number `part` on, in the order of an epoch.

    Returns: a dataset of serialized records, string [up to _BLOCK]. Passing them one by one
      through each stage would cost a third of the time of reading them.
    """

    def chosen(epoch, part):
        own = np.array(paths, dtype=object)[int(part) :: processes]
        if options.shuffle:
            own = own[order.permutation(seed, int(epoch), len(own))]
        return own

    own = tf.numpy_function(chosen, [epoch, part], tf.string)
    own.set_shape([None])
    if not options.shuffle:
        return _from_files(_sound(own)).batch(_BLOCK)
    return tf.data.Dataset.from_tensor_slices(own).interleave(
        lambda path: _from_files(_sound([path])).batch(_BLOCK),
        cycle_length=min(_SHARDS_AT_A_TIME, -(-len(paths) // processes)),
        block_length=1,
    )


def _sound(paths):
    """The paths, string [N]; evaluating them checks the files, as they are opened: to read all of
    them before the first batch could take minutes."""
    checked = tf.numpy_function(_check_files, [paths], tf.string)
    checked.set_shape([None])
    return checked


def _check_files(paths: np.ndarray) -> np.ndarray:
    for path in paths.tolist():
        fault = _length_fault(os.fsdecode(path))
        if fault:
            raise ValueError(record_rules.BROKEN + f"{os.fsdecode(path)} {fault}")
    return paths


_length_fault = functools.lru_cache(maxsize=None)(record_lengths.fault)  # once, not in every epoch


def _from_files(paths):
    """tf.data.TFRecordDataset, string [], without its flat_map over files: passing every record
    through it would take a tenth of the time of streaming."""
    files = tf.raw_ops.TFRecordDataset(
        filenames=paths, compression_type="", buffer_size=_BYTES_AT_A_TIME
    )
    return tf.data.experimental.from_variant(files, tf.TensorSpec([], tf.string))


def parse(serialized, manifest: Manifest, with_weights: bool = False):
    """Turns records into what the model reads; one that breaks a rule is an error.

    Args: serialized, string [B]; with_weights, whether they hold weights that are wanted.
    Returns: ({name: int64 [B, max_sequence_length]} of the features, and "weights", float32 [B];
      their lengths in tokens, int64 [B]; labels, int32 or float32 [B], of multi-label data int32
      [B, C]).
    """
    width = manifest.max_sequence_length
    spec = records.feature_spec(width, manifest.is_regression, manifest.label_shape, with_weights)
    batch = tf.io.parse_example(serialized, spec)
    weights = {records.WEIGHTS.name: batch[records.WEIGHTS.name]} if with_weights else {}
    ids, mask, segments, labels = (batch[feature.name] for feature in records.FEATURES)
    not_a = mask + segments  # 1 from the start of b on
    # If mask and segments follow from two lengths, these are the two; else the check fails anyway.
    lengths = _first_ones(mask)
    b_starts = tf.minimum(_first_ones(not_a), lengths)
    steps = tf.constant(np.arange(width) >= np.arange(width + 1)[:, np.newaxis], tf.int64)
    extremes = tf.stack([tf.reduce_min(ids), tf.reduce_max(ids)])  # cheaper than all of them
    rules = {
        records.MASK_RULE: tf.equal(mask, tf.gather(steps, lengths)),
        records.SEGMENTS_RULE: tf.equal(not_a, tf.gather(steps, b_starts)),
        **records.rules(
            extremes, manifest.vocabulary.size, labels, manifest.label_values, **weights
        ),
    }
    ids = record_rules.checked(ids, rules)
    if not manifest.is_regression:
        labels = tf.cast(labels, tf.int32)
    features = dict(zip(records.TOKEN_FEATURES, (ids, mask, segments)))
    return {**features, **weights}, lengths, labels


def _first_ones(rows):
    """Where each row of int64 [B, S] rises to 1, int64 [B]; S if it does not.

    By bisection, which reads little; for an unsorted row the result is arbitrary.
    """
    ones = tf.ones_like(rows[:, :1])
    return tf.raw_ops.LowerBound(sorted_inputs=rows, values=ones, out_type=tf.int64)[:, 0]


def cut(features, width):
    """Features int64 [B, S] -> int32 [B, width]; args: width, int or integer scalar, up to S.

    Weights stay as they are.
    """
    return {
        name: feature if name == records.WEIGHTS.name else tf.cast(feature[:, :width], tf.int32)
        for name, feature in features.items()
    }
