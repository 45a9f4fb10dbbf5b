"""Reads a split that is too large for memory, record by record.

Every epoch takes the shards in an order drawn from (seed, epoch), reads a few of them at a time
and shuffles the records within a buffer. All of it depends on the seed and the number of processes
alone, so a run resumes by reading past what was taken in the epoch that it stopped in.
"""

from typing import List

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
    read, counts = _own_records(options, found, seed, own, processes)
    per_epoch = min(order.steps_per_epoch(count * processes, of_step) for count in counts)
    per_step = of_step.batches_per_step
    return _endless(read, of_step.rows, per_epoch * per_step, first_step * per_step)


def worker_batches(
    options: InputConfig, found: Manifest, worker: int, workers: int, seed: int, first_batch: int
):
    """The same for one of several workers that do not wait for each other.

    Args: first_batch, the number of the one that comes first among those of this worker.
    Raises:
      UserError: its part of the records fills no batch.
    """
    read, counts = _own_records(options, found, seed, worker, workers)
    rows = options.batch_size
    if counts[worker] < rows:
        raise UserError(
            f"input worker {worker} of {workers} has {counts[worker]} training examples, fewer "
            f"than train_input.batch_size {rows}; start fewer workers, or make the batch smaller"
        )
    return _endless(read, rows, counts[worker] // rows, first_batch)


def _endless(read, rows, per_epoch, first_batch):
    """Batches without end.

    Args:
      read: a function of an epoch's number that gives its records.
      per_epoch: batches of an epoch; what is left of its records goes unread.
    """
    first_epoch, taken = divmod(first_batch, per_epoch)

    def batches_of(epoch):
        return read(epoch).batch(rows, drop_remainder=True).take(per_epoch)

    epochs = tf.data.Dataset.range(first_epoch, order.EPOCHS_WITHOUT_END)
    return epochs.flat_map(batches_of).skip(taken)


def evaluation_batches(options: InputConfig, split: str, found: Manifest):
    """A dataset of serialized records, string [B], each once and in order."""
    return records_in_order(options, split, found).batch(options.batch_size)


def records_in_order(options: InputConfig, split: str, found: Manifest):
    """A dataset of the serialized records of a split, string []."""
    check_files(options.data_dir, split, found)
    return tf.data.TFRecordDataset(manifest.shard_paths(options.data_dir, split, found))


def _own_records(options, found, seed, own, processes):
    """Which records a process reads; args: own, its number.

    Returns: (a function of an epoch's number that gives them, how many each process has).
    """
    check_files(options.data_dir, TRAIN, found)
    paths = manifest.shard_paths(options.data_dir, TRAIN, found)
    sizes = [shard.examples for shard in found.splits[TRAIN].shards]
    counts = parts(sizes, processes)
    if len(paths) >= processes:
        paths, every, first = paths[own::processes], 1, 0
    else:
        print(
            f"{len(paths)} shards for {processes} processes: each reads all of them and uses its "
            f"share; more shards (--num_shards) read faster"
        )
        every, first = processes, own

    def read(epoch):
        part = _records(paths, options, seed, epoch).shard(every, first)
        if not options.shuffle:
            return part
        return part.shuffle(
            options.shuffle_buffer, seed=_mixed(seed, epoch), reshuffle_each_iteration=False
        )

    return read, counts


def parts(sizes: List[int], processes: int) -> List[int]:
    """How many records each of several processes has, by the sizes of the shards.

    Every one has whole shards, or, where there are fewer shards than processes, its share of each:
    shards of 5, 4 and 3 are 8 and 4 records for two processes, 3 each for four.
    """
    if len(sizes) >= processes:
        return [sum(sizes[number::processes]) for number in range(processes)]
    return [sum(sizes) // processes] * processes


def _records(paths: List[str], options, seed, epoch):
    """All records of some shards, in the order of an epoch."""
    if not options.shuffle:
        return tf.data.TFRecordDataset(paths)
    shards = tf.numpy_function(
        lambda number: order.permutation(seed, int(number), len(paths)), [epoch], tf.int64
    )
    shards.set_shape([len(paths)])
    return tf.data.Dataset.from_tensor_slices(tf.gather(tf.constant(paths), shards)).interleave(
        tf.data.TFRecordDataset,
        cycle_length=min(_SHARDS_AT_A_TIME, len(paths)),
        block_length=_RECORDS_OF_A_SHARD,
        num_parallel_calls=tf.data.experimental.AUTOTUNE,
        deterministic=True,
    )


def _mixed(seed, epoch):
    """One seed of two."""
    return epoch * 2**31 + seed


def parse(serialized, found: Manifest) -> Rows:
    """Records string [B] become Rows of tensors; a record that breaks a rule is an error."""
    spec = records.feature_spec(found.max_sequence_length, found.is_regression)
    batch = tf.io.parse_example(serialized, spec)
    ids, mask, segments, labels = (batch[feature.name] for feature in records.FEATURES)
    lengths = tf.reduce_sum(tf.cast(tf.equal(mask, records.TOKEN), tf.int32), axis=1)
    b_tokens = tf.cast(tf.equal(segments, records.SEGMENT_B), tf.int32)
    b_starts = lengths - tf.reduce_sum(b_tokens, axis=1)
    is_token, is_b = record_rules.tokens_and_b(lengths, b_starts, found.max_sequence_length)
    rules = {
        "input_mask": tf.not_equal(tf.equal(mask, records.PADDING), is_token),
        "segment_ids": tf.equal(tf.equal(segments, records.SEGMENT_B), is_b),
        "input_ids": tf.logical_and(ids >= 0, ids < found.vocabulary.size),
    }
    if not found.is_regression:
        labels = tf.cast(labels, tf.int32)
        rules["labels"] = labels < len(found.label_names)
    ids = record_rules.checked(ids, rules)
    return Rows(ids, lengths, b_starts, labels)
