"""Batches of one static shape, for a system that compiles the step once.

    features["input_ids"], ["input_mask"], ["segment_ids"]   int32 [B, max_sequence_length]
    labels                                                   int32 [B]

They work in the graph of a tf.estimator; Python sees the names of shards, but no record. Input
workers need no network and write nothing.
"""

import json
import os
from typing import NamedTuple

import tensorflow as tf

from shared.config import InputConfig
from shared.errors import UserError
from shared.manifest import Manifest
from train import record_rules, stream

CLUSTER_VARIABLE = "TF_CONFIG"
_PRIME = 7919  # keeps the orders of tasks apart


class Worker(NamedTuple):
    """One of `count` processes that read; the first `index` is 0."""

    index: int
    count: int


def this_worker() -> Worker:
    """Which of the input workers this process is, by TF_CONFIG; alone where it is not set.

    Cerebras' software sets it; what it looks like there is not published. As in the Model Zoo,
    the list cluster.worker counts and task.index is a place in it, whatever the task's type: a
    chief outside the list reads what worker 0 reads, of which it needs the shapes only.

    Raises:
      UserError: it is not what TensorFlow documents.
    """
    return _cluster()[0]


def _cluster():
    """(the Worker, whether TF_CONFIG lists a chief apart from the workers)."""
    content = os.environ.get(CLUSTER_VARIABLE)
    if not content:
        return Worker(0, 1), False
    try:
        found = json.loads(content)
        cluster = found.get("cluster", {})
        count = len(cluster.get("worker", [])) or 1
        index = int(found.get("task", {}).get("index", 0))
        is_right = 0 <= index < count
    except (ValueError, TypeError, AttributeError):
        is_right = False
    if not is_right:
        raise UserError(
            f"{CLUSTER_VARIABLE} is {content!r}: expected cluster.worker, a list of addresses, and "
            "task.index, a place in it"
        )
    return Worker(index, count), "chief" in cluster


def tasks() -> int:
    """How many tasks Slurm runs of this program at once, csrun_wse's two groups together."""
    return int(os.environ.get("SLURM_STEP_NUM_TASKS") or 1)


def check_one_reader() -> None:
    """Stops where several workers would feed a prediction: its answers come in no known order.

    Of two tasks one is the chief; so may be one of two listed workers.

    Raises:
      UserError: they would.
    """
    (_, count), has_chief = _cluster()
    if count > (1 if has_chief else 2) or tasks() > 2:
        raise UserError(
            f"several input workers ({max(count, tasks() - 1)}) would feed the prediction, each "
            "from the first record on; start one: csrun_wse --total-nodes 2 --tasks-per-node 1, as "
            "`make predict` does where CSRUN_ARGS is empty"
        )


def train_batches(options: InputConfig, found: Manifest, seed: int, first_step: int):
    """Endless batches of this worker's own part of the train split.

    In an epoch the workers together read every record but the few that fill no batch. As nobody
    knows which worker feeds which step, a training that goes on takes it that each worker has fed
    as many of the first_step steps as the others. Where several tasks run and none of them can
    tell which worker it is, each reads everything, in an order of its own.
    """
    index, count = this_worker()
    if CLUSTER_VARIABLE not in os.environ and tasks() > 1:
        print(f"{CLUSTER_VARIABLE} is not set: each of {tasks()} tasks reads all records, shuffled")
        seed += _PRIME * int(os.environ.get("SLURM_PROCID") or 0)
    batches = stream.worker_batches(options, found, index, count, seed, first_step // count)
    return _static(batches, options.batch_size, found)


def scored_batches(options: InputConfig, split: str, found: Manifest):
    """Every example of a split in order, again and again, so that the last batch is full too."""
    records = stream.records_in_order(options, split, found).repeat()
    return _static(
        records.batch(options.batch_size, drop_remainder=True), options.batch_size, found
    )


def _static(batches, batch_size, found):
    """Serialized records, string [B], become (features, labels) of known shapes."""
    width = found.max_sequence_length

    def parse(serialized):
        serialized.set_shape([batch_size])
        ids, lengths, b_starts, labels = stream.parse(serialized, found)
        return record_rules.features(ids, lengths, b_starts, width), labels

    batches = batches.map(parse, tf.data.experimental.AUTOTUNE)
    return batches.prefetch(tf.data.experimental.AUTOTUNE)
