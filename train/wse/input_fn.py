"""Batches with one static shape, for a system that compiles the step once.

    features["input_ids"], ["input_mask"], ["segment_ids"]   int32 [B, max_sequence_length]
    labels                                                   int32 [B]

They work in the graph of a tf.estimator; Python sees the names of shards, but no record. Input
workers need no network and write nothing.
"""

import tensorflow as tf

from shared.config import Config, InputConfig
from shared.manifest import Manifest
from train import slurm
from train.data import streaming
from train.wse import own_input_fn, workers

_PRIME = 7919  # keeps the orders of tasks apart
# As in train/data/input_fn.py; a user's own functions may hold what AutoGraph must convert.
_plain = tf.autograph.experimental.do_not_convert


@_plain
def train_batches(options: InputConfig, manifest: Manifest, seed: int, first_step: int):
    """Endless batches of this worker's own part of the train split.

    In an epoch the workers together read every record except the few that do not fill a batch.
    Which worker feeds which step is unknown, so a resumed training assumes that all workers have
    fed equally many of the first_step steps. If several tasks run and cannot tell which worker
    they are, each reads everything, in its own order.
    """
    index, count = workers.this_worker()
    if not workers.are_told_apart():
        print(f"TF_CONFIG is not set: all {slurm.tasks()} tasks read all records, shuffled")
        seed += _PRIME * slurm.rank()
    batches = streaming.worker_batches(options, manifest, index, count, seed, first_step // count)
    return _static(batches, options.batch_size, manifest)


def batches_to_score(params: Config, section: str, split: str, manifest: Manifest):
    """Batches of a split in order, by the user's own function where the section names one."""
    options = getattr(params, section)
    if options.input_fn:
        return own_input_fn.scored_batches(params, section, split, manifest)
    return scored_batches(options, split, manifest)


@_plain
def scored_batches(options: InputConfig, split: str, manifest: Manifest):
    """Every example of a split in order, repeated, so that the last batch is full, too."""
    records = streaming.records_in_order(options, split, manifest).repeat()
    return _static(
        records.batch(options.batch_size, drop_remainder=True), options.batch_size, manifest
    )


def _static(batches, batch_size, manifest):
    """Turns serialized records, string [B], into (features, labels) of known shapes."""

    def parse(serialized):
        serialized.set_shape([batch_size])
        features, _, labels = streaming.parse(serialized, manifest)
        return streaming.cut(features, manifest.max_sequence_length), labels

    batches = batches.map(parse, tf.data.experimental.AUTOTUNE)
    return batches.prefetch(tf.data.experimental.AUTOTUNE)
