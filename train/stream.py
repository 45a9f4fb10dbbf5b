"""Reads a split that is too large for memory, record by record.

Every epoch takes the shards in an order drawn from (seed, epoch), reads a few of them in turn and
shuffles what fills a buffer, one buffer after the other. All of it depends on the seed and the
number of processes alone, so a run resumes by reading past what was taken in the epoch that it
stopped in.
"""

from typing import List

import numpy as np
import tensorflow as tf

from shared import manifest, records
from shared.config import InputConfig
from shared.errors import UserError
from shared.manifest import Manifest
from shared.tasks import TRAIN
from train import order, record_rules
from train.rows import Rows, check_files

_SHARDS_AT_A_TIME = 8
_RECORDS_OF_A_SHARD = 16  # read in turn from each


def training_batches(
    options: InputConfig, found: Manifest, of_step: order.Share, seed: int, first_step: int
):
    """A dataset of serialized records, string [B], without end; see input_fn.train_input_fn."""
    processes = of_step.replicas // of_step.here
    own = of_step.first // of_step.here
    read, counts = _parts(options, found, seed, processes)
    per_epoch = min(order.steps_per_epoch(count * processes, of_step) for count in counts)
    batches = [per_epoch * of_step.batches_per_step]
    first_batch = first_step * of_step.batches_per_step
    in_batches = _in_batches(options, seed, of_step.rows)
    return _endless(lambda epoch: in_batches(read(epoch, own), epoch), batches, first_batch)


def worker_batches(
    options: InputConfig, found: Manifest, worker: int, workers: int, seed: int, first_batch: int
):
    """The same for one of several workers that do not wait for each other.

    In epoch e it reads the part of number (worker + e) % workers: a listed worker that feeds
    nothing leaves out other records in every epoch.

    Args: first_batch, the number of the one that comes first among those of this worker.
    Raises:
      UserError: a part of the records fills no batch.
    """
    read, counts = _parts(options, found, seed, workers)
    rows = options.batch_size
    if min(counts) < rows:
        raise UserError(
            f"one of {workers} input workers has {min(counts)} training examples, fewer than "
            f"train_input.batch_size {rows}; start fewer workers, or make the batch smaller"
        )
    batches = [counts[(worker + epoch) % workers] // rows for epoch in range(workers)]
    in_batches = _in_batches(options, seed, rows)
    return _endless(lambda e: in_batches(read(e, (worker + e) % workers), e), batches, first_batch)


def _in_batches(options: InputConfig, seed: int, rows: int):
    """A function: (the records of an epoch, its number) -> their whole batches, shuffled.

    Records by the thousand are shuffled in one operation: one by one, as tf.data does it, costs
    as much as parsing them.
    """
    if not options.shuffle:
        return lambda records, epoch: records.batch(rows, drop_remainder=True)
    in_buffer = max(options.shuffle_buffer // rows, 1) * rows  # so that no batch spans two

    def shuffled_numpy(epoch, number, size):
        mixed = order.permutation_of_buffer(seed, int(epoch), int(number), int(size))
        return mixed[: size // rows * rows].reshape(-1, rows)

    def in_batches(records, epoch):
        def shuffled(number, buffer):
            mixed = tf.numpy_function(shuffled_numpy, [epoch, number, tf.size(buffer)], tf.int64)
            mixed.set_shape([None, rows])
            return tf.gather(buffer, mixed)

        buffers = records.batch(in_buffer).enumerate().map(shuffled)
        return buffers.prefetch(1).flat_map(tf.data.Dataset.from_tensor_slices)

    return in_batches


def _endless(read, batches, first_batch):
    """Batches without end.

    Args:
      read: a function of an epoch's number (int64 tensor) that gives its batches.
      batches: how many each epoch has, in turn again and again; what is left of its records goes
        unread.
    """
    cycles, taken = divmod(first_batch, sum(batches))
    first_epoch = cycles * len(batches)
    while taken >= batches[first_epoch % len(batches)]:
        taken -= batches[first_epoch % len(batches)]
        first_epoch += 1

    def batches_of(epoch):
        count = tf.gather(tf.constant(batches, tf.int64), epoch % len(batches))
        return read(epoch).take(count)

    epochs = tf.data.Dataset.range(first_epoch, order.EPOCHS_WITHOUT_END)
    return epochs.flat_map(batches_of).skip(taken)


def evaluation_batches(options: InputConfig, split: str, found: Manifest):
    """A dataset of serialized records, string [B], each once and in order."""
    return records_in_order(options, split, found).batch(options.batch_size)


def records_in_order(options: InputConfig, split: str, found: Manifest):
    """A dataset of the serialized records of a split, string []."""
    check_files(options.data_dir, split, found)
    return tf.data.TFRecordDataset(manifest.shard_paths(options.data_dir, split, found))


def _parts(options, found, seed, processes):
    """The training records in as many parts as there are processes.

    Returns: (a function of an epoch and a part's number, integers or int64 tensors, that gives its
      records; how many each part has).
    """
    check_files(options.data_dir, TRAIN, found)
    paths = manifest.shard_paths(options.data_dir, TRAIN, found)
    sizes = [shard.examples for shard in found.splits[TRAIN].shards]
    has_own_shards = len(paths) >= processes
    if not has_own_shards:
        print(
            f"{len(paths)} shards for {processes} processes: each reads all of them and uses its "
            f"share; more shards (--num_shards) read faster"
        )

    def read(epoch, part):
        if has_own_shards:
            return _records(paths, options, seed, epoch, part, processes)
        return _records(paths, options, seed, epoch, 0, 1).shard(processes, part)

    return read, parts(sizes, processes)


def parts(sizes: List[int], processes: int) -> List[int]:
    """How many records each of several processes has, by the sizes of the shards.

    Every one has whole shards, or, where there are fewer shards than processes, its share of each:
    shards of 5, 4 and 3 are 8 and 4 records for two processes, 3 each for four.
    """
    if len(sizes) >= processes:
        return [sum(sizes[number::processes]) for number in range(processes)]
    return [sum(sizes) // processes] * processes


def _records(paths: List[str], options, seed, epoch, part, processes):
    """All records of every `processes`-th shard from number `part` on, in the order of an epoch."""

    def chosen(epoch, part):
        own = np.array(paths, dtype=object)[int(part) :: processes]
        if options.shuffle:
            own = own[order.permutation(seed, int(epoch), len(own))]
        return own

    own = tf.numpy_function(chosen, [epoch, part], tf.string)
    own.set_shape([None])
    if not options.shuffle:
        return tf.data.TFRecordDataset(own)
    # Not in parallel: handing records from thread to thread costs more than reading them.
    return tf.data.Dataset.from_tensor_slices(own).interleave(
        tf.data.TFRecordDataset,
        cycle_length=min(_SHARDS_AT_A_TIME, -(-len(paths) // processes)),
        block_length=_RECORDS_OF_A_SHARD,
    )


def parse(serialized, found: Manifest) -> Rows:
    """Records string [B] become Rows of tensors; a record that breaks a rule is an error."""
    width = found.max_sequence_length
    spec = records.feature_spec(width, found.is_regression)
    batch = tf.io.parse_example(serialized, spec)
    ids, mask, segments, labels = (batch[feature.name] for feature in records.FEATURES)
    # Lengths are sums, and right if mask and segments are what follows from them.
    lengths = tf.clip_by_value(width - tf.reduce_sum(mask, axis=1), 0, width)
    b_starts = tf.clip_by_value(lengths - tf.reduce_sum(segments, axis=1), 0, lengths)
    steps = tf.constant(np.arange(width) >= np.arange(width + 1)[:, np.newaxis], tf.int64)
    rules = {
        "input_mask": tf.equal(mask, tf.gather(steps, lengths)),
        "segment_ids": tf.equal(mask + segments, tf.gather(steps, b_starts)),
        "input_ids": [tf.reduce_min(ids) >= 0, tf.reduce_max(ids) < found.vocabulary.size],
    }
    if not found.is_regression:
        known = [labels >= records.UNLABELLED, labels < len(found.label_names)]
        rules["labels"] = known
        labels = tf.cast(labels, tf.int32)
    ids = record_rules.checked(ids, rules)
    return Rows(ids, tf.cast(lengths, tf.int32), tf.cast(b_starts, tf.int32), labels)
