"""Reads a split that is too large for memory, record by record.

Every epoch takes the shards in an order drawn from (seed, epoch), reads a few of them at a time
and shuffles the records within a buffer. All of it depends on the seed and the number of processes
alone, so a run resumes by reading past what was taken in the epoch that it stopped in.
"""

from typing import List

import tensorflow as tf

from shared import manifest, records
from shared.config import InputConfig
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
    check_files(options.data_dir, TRAIN, found)
    paths, counts, (every, first) = _own_shards(options, found, of_step)
    per_epoch = min(
        order.steps_per_epoch(count * of_step.replicas // of_step.here, of_step) for count in counts
    )
    first_epoch, steps_taken = divmod(first_step, per_epoch)

    def batches_of(epoch):
        epoch_records = _records(paths, options, seed, epoch).shard(every, first)
        if options.shuffle:
            epoch_records = epoch_records.shuffle(
                options.shuffle_buffer, seed=_mixed(seed, epoch), reshuffle_each_iteration=False
            )
        batches = epoch_records.batch(of_step.rows, drop_remainder=True)
        return batches.take(per_epoch * of_step.batches_per_step)

    epochs = tf.data.Dataset.range(first_epoch, order.EPOCHS_WITHOUT_END)
    return epochs.flat_map(batches_of).skip(steps_taken * of_step.batches_per_step)


def evaluation_batches(options: InputConfig, split: str, found: Manifest):
    """A dataset of serialized records, string [B], each once and in order."""
    check_files(options.data_dir, split, found)
    paths = manifest.shard_paths(options.data_dir, split, found)
    return tf.data.TFRecordDataset(paths).batch(options.batch_size)


def _own_shards(options, found, of_step):
    """Which records this process reads.

    Returns: (paths of its shards, how many records each process reads, (every, first): it takes
      each `every`-th record from number `first` on).
    """
    paths = manifest.shard_paths(options.data_dir, TRAIN, found)
    sizes = [shard.examples for shard in found.splits[TRAIN].shards]
    processes = of_step.replicas // of_step.here
    own = of_step.first // of_step.here
    if len(paths) >= processes:
        counts = [sum(sizes[number::processes]) for number in range(processes)]
        return paths[own::processes], counts, (1, 0)
    print(
        f"{len(paths)} shards for {processes} processes: each reads all of them and uses its "
        f"share; more shards (--num_shards) read faster"
    )
    return paths, [sum(sizes) // processes], (processes, own)


def _records(paths: List[str], options, seed, epoch):
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
