"""Texts that a dataset holds more than once, by the ids that the model reads."""

from typing import Any, Dict

import numpy as np

from shared import records, source_order, tasks, windows
from shared.manifest import Manifest
from shared.shards import sound_paths
from train.backend import import_tensorflow

_BATCH = 4096
_SEED = 0


def count(dataset: str, manifest: Manifest) -> Dict[str, Dict[str, int]]:
    """{split: {"repeated", "in_train"}}: rows whose text stands before them in the split, and rows
    whose text is in the train split, too (there, 0). A row is a whole document, if it has windows.

    Texts that differ only in case or behind the cut are one text. Ids are compared by a hash of 64
    bits: two of a million different texts collide with a probability below 10^-7.
    """
    hashes = {name: _of_rows(dataset, name, manifest) for name in tasks.in_order(manifest.splits)}
    train = np.unique(hashes.get(tasks.TRAIN_SPLIT, np.zeros(0, np.uint64)))
    return {
        name: {
            "repeated": len(found) - len(np.unique(found)),
            "in_train": 0 if name == tasks.TRAIN_SPLIT else int(np.isin(found, train).sum()),
        }
        for name, found in hashes.items()
    }


def _of_rows(dataset: str, split: str, manifest: Manifest) -> np.ndarray:
    """uint64 [N]; of a document, the sum of its windows', each times an odd number by its place."""
    found = _hashes(dataset, split, manifest)
    documents = source_order.DOCUMENTS.read(dataset, split, manifest)
    if documents is None:
        return found
    starts = windows.firsts(documents)
    places = np.arange(len(found)) - starts[documents]
    return np.add.reduceat(found * (2 * places + 1).astype("u8"), starts)


def _hashes(dataset: str, split: str, manifest: Manifest) -> np.ndarray:
    """uint64 [N]: sums of odd random numbers times ids and segments, modulo 2^64."""
    import_tensorflow(None)
    import tensorflow as tf

    length = manifest.max_sequence_length
    draw = np.random.default_rng(_SEED).integers(2**63, size=(2, length), dtype=np.uint64)
    weights = 2 * draw + np.uint64(1)
    spec = records.feature_spec(length, manifest.is_regression, manifest.label_shape)
    parts = []
    for batch in tf.data.TFRecordDataset(sound_paths(dataset, split, manifest)).batch(_BATCH):
        rows: "Dict[str, Any]" = tf.io.parse_example(batch, spec)
        ids, segments = (rows[name].numpy().astype("u8") for name in ("input_ids", "segment_ids"))
        parts.append((ids * weights[0] + segments * weights[1]).sum(axis=1, dtype="u8"))
    return np.concatenate(parts)
