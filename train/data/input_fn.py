"""Turns records into batches.

    features["input_ids"], ["input_mask"], ["segment_ids"]   int32 [B, S]
    features["weights"]   float32 [B], how much each row counts. In training, what the records say,
                          if they do; in evaluation 1, and 0 on rows that only fill the last batch
    labels                int32 [B]; float32 [B] for a regression task

S is the length of the longest example of the batch, rounded up: trailing padding changes no result,
but costs most of the time. See `trimmed_lengths`.

A split that fits in memory is parsed once (train/data/in_memory.py), and a batch is a gather of
rows; a larger one is read again for every epoch (train/data/streaming.py).
"""

import functools
from typing import List

import numpy as np
import tensorflow as tf

from shared import records
from shared.config import Config, InputConfig
from shared.errors import UserError
from shared.manifest import Manifest
from shared.tasks import TRAIN_SPLIT
from train.data import order, record_rules, streaming
from train.data.in_memory import bytes_of, fits_in_memory, read_split

_MADE_AT_ONCE = 8  # batches
_BATCHES_AHEAD = 8
_LENGTH_MULTIPLE = 8
_MAX_COMPILED_LENGTHS = 8
# AutoGraph would need a second or two to find that our functions contain nothing to convert.
_plain = tf.autograph.experimental.do_not_convert


@_plain
def train_input_fn(params: Config, input_context=None, *, manifest: Manifest, first_step: int = 0):
    """Endless batches of the train split of the dataset whose manifest is `manifest`.

    Every epoch is a permutation of all rows, drawn from (seed, epoch); rows that do not fill a step
    are skipped in that epoch. The batches of a step depend only on the seed and the records, so a
    run can resume at any step; in memory, not even on how many devices share them.

    Args:
      input_context: a tf.distribute.InputContext if several devices share a step; each process
        reads the batches of its own devices (order.Share).
      first_step: the step whose batches come first.
    """
    options = params.train_input
    share = order.share(options.batch_size, params.optimizer.grad_accum_steps, input_context)
    seed = order.seed_of(params)
    is_grouped = options.group_by_length
    lengths = trimmed_lengths(manifest, TRAIN_SPLIT, share.rows, params.runconfig.xla, is_grouped)
    if fits_in_memory(options, TRAIN_SPLIT, manifest):
        rows = read_split(options.dataset, TRAIN_SPLIT, manifest)
        order_of = functools.partial(_order, options, rows.lengths, share, seed)
        numbers = _training_batches(rows.lengths, lengths, share, order_of, first_step)
        batches = numbers.map(_gather(rows), _MADE_AT_ONCE)
    else:
        _check_streams(options, manifest)
        serialized = streaming.training_batches(options, manifest, share, seed, first_step)
        has_weights = manifest.splits[TRAIN_SPLIT].has_weights
        batches = serialized.map(_parse(manifest, lengths, has_weights), _MADE_AT_ONCE)
    return _prefetched(batches)


@_plain
def eval_input_fn(
    params: Config, input_context=None, *, options: InputConfig, split: str, manifest: Manifest
):
    """Every example of a split once, in order; args: options, eval_input or predict_input."""
    del input_context  # evaluation reads everything
    lengths = trimmed_lengths(manifest, split, options.batch_size, params.runconfig.xla)
    if fits_in_memory(options, split, manifest):
        rows = read_split(options.dataset, split, manifest)
        gather = _gather(rows)
        batches = _evaluation_batches(rows.lengths, lengths, options.batch_size)
        batches = batches.map(
            lambda rows, trimmed, weights: _weighted(gather(rows, trimmed), weights),
            _MADE_AT_ONCE,
        )
    else:
        parse = _parse(manifest, lengths)
        serialized = streaming.evaluation_batches(options, split, manifest)
        batches = serialized.map(
            lambda batch: _weighted(parse(batch), tf.ones(tf.shape(batch))), _MADE_AT_ONCE
        )
    return _prefetched(batches)


def _prefetched(batches):
    """Batches made ahead; parallel by whole batches, because their parts are too small.

    Without tf.data's autotuning, whose bookkeeping for every record costs a third of the reading
    time.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    options.threading.max_intra_op_parallelism = 1
    return batches.prefetch(_BATCHES_AHEAD).with_options(options)


def _check_streams(options: InputConfig, manifest: Manifest) -> None:
    if options.group_by_length:
        raise UserError(
            "train_input.group_by_length: only a split that is held in memory can be grouped; "
            f"{options.data_dir} needs {bytes_of(TRAIN_SPLIT, manifest) / 1e9:.3g} GB, but "
            f"train_input.memory_limit_gb is {options.memory_limit_gb:g}; raise it, or turn "
            "group_by_length off"
        )


def _order(options: InputConfig, lengths, share, seed, epoch: int) -> np.ndarray:
    """Row numbers in the order of an epoch, int64; args: lengths, int [N], of all rows."""
    rows = np.arange(len(lengths))
    if options.shuffle:
        rows = order.permutation(seed, epoch, len(lengths))
    if options.group_by_length:
        rows = order.grouped(rows, lengths, share, seed, epoch)
    return rows


def _training_batches(lengths, possible_lengths, share, order_of, first_step):
    """An endless dataset of (row numbers int64 [B], S int64).

    Args:
      lengths: int [N], of all rows. S is looked up once in an epoch, for all its batches.
      order_of: gives the row numbers of an epoch in their order.
    """
    examples = len(lengths)
    per_epoch = order.steps_per_epoch(examples, share)
    first_epoch, steps_taken = divmod(first_step, per_epoch)

    def batches_numpy(epoch):
        batches = order.epoch_batches(order_of(int(epoch)), share)
        batches = batches[steps_taken * share.batches_per_step if epoch == first_epoch else 0 :]
        return batches, _trimmed(lengths[batches].max(axis=1), possible_lengths)

    def batches_of(epoch):
        rows, trimmed = tf.numpy_function(batches_numpy, [epoch], [tf.int64, tf.int64])
        rows.set_shape([None, share.rows])
        trimmed.set_shape([None])
        return tf.data.Dataset.from_tensor_slices((rows, trimmed))

    return tf.data.Dataset.range(first_epoch, order.EPOCHS_WITHOUT_END).flat_map(batches_of)


def _evaluation_batches(lengths, possible_lengths, batch_size):
    """A dataset of (row numbers int64 [B], S int64, weights float32 [B]).

    Row 0 fills the last batch.
    """
    examples = len(lengths)
    batches = -(-examples // batch_size)
    numbers = np.zeros(batches * batch_size, np.int64)
    numbers[:examples] = np.arange(examples)
    weights = (np.arange(batches * batch_size) < examples).astype(np.float32)
    shape = (batches, batch_size)
    numbers = numbers.reshape(shape)
    trimmed = _trimmed(lengths[numbers].max(axis=1), possible_lengths)
    return tf.data.Dataset.from_tensor_slices((numbers, trimmed, weights.reshape(shape)))


def _trimmed(longest, possible_lengths):
    """S of batches whose longest rows have these lengths, int64, in the shape of `longest`."""
    return possible_lengths[np.searchsorted(possible_lengths, longest)].astype(np.int64)


def trimmed_lengths(
    manifest: Manifest, split: str, batch_size: int, use_xla: bool, is_grouped: bool = False
) -> np.ndarray:
    """The values that S may have, ascending; the last one is max_sequence_length.

    All multiples of 8; with XLA, which compiles the step for every S, at most 8 of them, chosen so
    that each serves about as many batches: those that the longest row of a random batch does not
    exceed with a probability of 1/8, 2/8, ... With batches of 1 and rows of 10, 10, 20 and 60
    tokens they are 16, 24 and 64 (for max_sequence_length 64). In batches grouped by length all
    rows are about equally long.
    """
    longest = manifest.max_sequence_length
    lengths = np.minimum(
        np.arange(_LENGTH_MULTIPLE, longest + _LENGTH_MULTIPLE, _LENGTH_MULTIPLE), longest
    )
    if not use_xla or not manifest.splits[split].length_histogram:
        return lengths
    rows = _rows_up_to(lengths, manifest, split)
    share = rows / rows[-1]
    wanted = np.arange(1, _MAX_COMPILED_LENGTHS) / _MAX_COMPILED_LENGTHS
    share_of_batches = share if is_grouped else share**batch_size
    chosen = lengths[np.minimum(np.searchsorted(share_of_batches, wanted), len(lengths) - 1)]
    return np.unique(np.append(chosen, longest))


def lengths_of_batches(
    manifest: Manifest, split: str, batch_size: int, use_xla: bool, is_grouped: bool = False
) -> List[int]:
    """The `trimmed_lengths` that a batch can have, given the lengths of the split's rows.

    S comes from the longest row of a batch, so some row must need it, and enough rows must be no
    longer to fill the batch. The last batch of an evaluation may hold fewer.
    """
    lengths = trimmed_lengths(manifest, split, batch_size, use_xla, is_grouped).tolist()
    entry = manifest.splits[split]
    if not entry.length_histogram:
        return lengths
    smallest = batch_size if split == TRAIN_SPLIT else entry.examples % batch_size or batch_size
    up_to = _rows_up_to(lengths, manifest, split)
    return [
        length
        for length, rows, shorter in zip(lengths, up_to, [0, *up_to])
        if rows > shorter and rows >= smallest
    ]


def _rows_up_to(lengths, manifest, split):
    """How many rows of a split are no longer than each of the lengths."""
    histogram = manifest.record_lengths(split)
    tokens, rows = (np.array(column) for column in zip(*sorted(histogram.items())))
    last = np.searchsorted(tokens, lengths, side="right")
    return np.append(0, np.cumsum(rows))[last]


def _gather(rows):
    """A function: row numbers int64 [B], S int64 -> (features, labels)."""
    has_b = bool(np.any(rows.b_starts < rows.lengths))
    with tf.device("CPU:0"):  # where tf.data works; a GPU's memory is for the model
        ids, labels = tf.constant(rows.input_ids), tf.constant(rows.labels)
        lengths, b_starts = (
            tf.constant(column[:, np.newaxis]) for column in (rows.lengths, rows.b_starts)
        )
        weights = None if rows.weights is None else tf.constant(rows.weights)

    def gather(numbers, trimmed):
        # Few operations: at this many batches a second, each costs more than what it computes.
        features = record_rules.features(
            tf.gather(ids, numbers),
            tf.gather(lengths, numbers),
            tf.gather(b_starts, numbers) if has_b else None,
            trimmed,
        )
        if weights is not None:
            features[records.WEIGHTS.name] = tf.gather(weights, numbers)
        return features, tf.gather(labels, numbers)

    return gather


def _parse(manifest, possible_lengths, with_weights=False):
    """A function: serialized records string [B] -> (features, labels)."""
    trimmed = _trimmed(np.arange(manifest.max_sequence_length + 1), possible_lengths)

    def parse(serialized):
        features, lengths, labels = streaming.parse(serialized, manifest, with_weights)
        longest = tf.gather(tf.constant(trimmed), tf.reduce_max(lengths))
        return streaming.cut(features, longest), labels

    return parse


def _weighted(batch, weights):
    """The batch with these weights; those of the records, if it has some, are for training."""
    features, labels = batch
    return {**features, records.WEIGHTS.name: weights}, labels
