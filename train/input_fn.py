"""Records become batches.

A split is held in memory (train/rows.py); a batch is a gather of rows. What it is made of:

    features["input_ids"], ["input_mask"], ["segment_ids"]   int32 [B, S]
    features["weights"]   evaluation only: float32 [B], 0 on rows that only fill the last batch
    labels                int32 [B]; float32 [B] for a regression task

S is the longest example of the batch rounded up: trailing padding changes no result, and costs
most of the time. See `trimmed_lengths`.
"""

import numpy as np
import tensorflow as tf

from shared import records
from shared.config import Config
from shared.errors import UserError
from shared.manifest import Manifest
from shared.tasks import TRAIN
from train.rows import Rows, read_split

_LENGTH_MULTIPLE = 8
_MAX_COMPILED_LENGTHS = 8
_EPOCHS_WITHOUT_END = np.iinfo(np.int64).max


def train_input_fn(params: Config, found: Manifest) -> tf.data.Dataset:
    """Endless batches of the train split of the dataset whose manifest is `found`.

    Every epoch is a permutation of all rows, drawn from (seed, epoch); the rows that do not fill
    a batch wait for another epoch. The n-th batch depends on the seed and the records alone, so
    a run resumes by skipping as many batches as it has taken steps.
    """
    options = params.train_input
    rows = read_split(options.data_dir, TRAIN, found)
    seed = options.shuffle_seed
    if seed is None:
        seed = params.runconfig.tf_random_seed
    batches = _training_batches(
        len(rows.labels), options.batch_size, seed if options.shuffle else None
    )
    lengths = trimmed_lengths(rows, options.batch_size, params.runconfig.xla)
    return batches.map(_gather(rows, lengths)).prefetch(tf.data.experimental.AUTOTUNE)


def eval_input_fn(params: Config, split: str, found: Manifest) -> tf.data.Dataset:
    """Every example of a split once, in order."""
    options = params.eval_input
    rows = read_split(options.data_dir, split, found)
    gather = _gather(rows, trimmed_lengths(rows, options.batch_size, params.runconfig.xla))

    def gather_weighted(indices, weights):
        features, labels = gather(indices)
        features["weights"] = weights
        return features, labels

    batches = _evaluation_batches(len(rows.labels), options.batch_size)
    return batches.map(gather_weighted).prefetch(tf.data.experimental.AUTOTUNE)


def permutation(seed: int, epoch: int, examples: int) -> np.ndarray:
    """The order of an epoch, int64 [examples]; NumPy froze RandomState's streams for good."""
    return np.random.RandomState([seed, epoch]).permutation(examples).astype(np.int64)


def _training_batches(examples, batch_size, seed):
    """A dataset of row numbers, int64 [batch_size], without end; seed None keeps the order."""
    steps = examples // batch_size
    if steps == 0:
        raise UserError(
            f"the train split has {examples} examples, fewer than train_input.batch_size "
            f"{batch_size}; make the batch smaller"
        )

    def order(epoch):
        rows = np.arange(examples) if seed is None else permutation(seed, int(epoch), examples)
        return rows[: steps * batch_size].reshape(steps, batch_size)

    def batches_of(epoch):
        rows = tf.numpy_function(order, [epoch], tf.int64)
        rows.set_shape([steps, batch_size])
        return tf.data.Dataset.from_tensor_slices(rows)

    return tf.data.Dataset.range(_EPOCHS_WITHOUT_END).flat_map(batches_of)


def _evaluation_batches(examples, batch_size):
    """A dataset of (row numbers int64 [B], weights float32 [B]); row 0 fills the last batch."""
    batches = -(-examples // batch_size)
    numbers = np.zeros(batches * batch_size, np.int64)
    numbers[:examples] = np.arange(examples)
    weights = (np.arange(batches * batch_size) < examples).astype(np.float32)
    shape = (batches, batch_size)
    return tf.data.Dataset.from_tensor_slices((numbers.reshape(shape), weights.reshape(shape)))


def trimmed_lengths(rows: Rows, batch_size: int, use_xla: bool) -> np.ndarray:
    """The values that S may have, rising; the last one is max_sequence_length.

    All multiples of 8; where XLA compiles the step anew for every S, at most 8 of them, such that
    about as many batches have each: those that the longest row of a random batch stays below with
    a probability of 1/8, 2/8, ... With batches of 1 and rows of 10, 10, 20 and 60 tokens they are
    16, 24 and 64 (of max_sequence_length 64).
    """
    longest = rows.input_ids.shape[1]
    lengths = np.minimum(
        np.arange(_LENGTH_MULTIPLE, longest + _LENGTH_MULTIPLE, _LENGTH_MULTIPLE), longest
    )
    if not use_xla:
        return lengths
    share = np.searchsorted(np.sort(rows.lengths), lengths, side="right") / len(rows.lengths)
    wanted = np.arange(1, _MAX_COMPILED_LENGTHS) / _MAX_COMPILED_LENGTHS
    chosen = lengths[np.minimum(np.searchsorted(share**batch_size, wanted), len(lengths) - 1)]
    return np.unique(np.append(chosen, longest))


def _gather(rows, possible_lengths):
    """A function: row numbers int64 [B] -> (features, labels)."""
    with tf.device("CPU:0"):  # where tf.data works; a GPU's memory is for the model
        tensors = Rows(*(tf.constant(array) for array in rows))
        possible = tf.constant(possible_lengths, tf.int32)

    def gather(indices):
        lengths = tf.gather(tensors.lengths, indices)
        b_starts = tf.gather(tensors.b_starts, indices)
        longest = tf.reduce_max(lengths)
        trimmed = tf.reduce_min(tf.boolean_mask(possible, possible >= longest))
        ids = tf.gather(tensors.input_ids, indices)[:, :trimmed]
        position = tf.range(trimmed)[tf.newaxis, :]
        is_token = position < lengths[:, tf.newaxis]
        is_b = tf.logical_and(is_token, position >= b_starts[:, tf.newaxis])
        features = {
            "input_ids": tf.cast(ids, tf.int32),
            "input_mask": tf.where(is_token, records.TOKEN, records.PADDING),
            "segment_ids": tf.where(is_b, records.SEGMENT_B, records.SEGMENT_A),
        }
        return features, tf.gather(tensors.labels, indices)

    return gather
