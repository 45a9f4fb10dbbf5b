"""A split in memory: its records, parsed once and checked, as compact arrays."""

from typing import Iterable, Iterator, NamedTuple, Optional

import numpy as np
import tensorflow as tf

from shared import records
from shared.config import InputConfig
from shared.errors import plain_message
from shared.manifest import Manifest
from shared.shards import check_lengths, check_sizes, damaged, shard_paths

_PARSE_ROWS = 1024


class Rows(NamedTuple):
    """A split in memory; mask and segments follow from two lengths.

    input_ids: uint16 or int32 [N, MSL]. lengths: int32 [N], tokens. b_starts: int32 [N], the
    first position of segment B; equal to lengths without one. labels: int32 or
    float32 [N], or int32 [N, C] of multi-label data. weights: float32 [N]; None if the records
    hold none.
    """

    input_ids: np.ndarray
    lengths: np.ndarray
    b_starts: np.ndarray
    labels: np.ndarray
    weights: Optional[np.ndarray] = None


def _joined(parts: "Iterable[Rows]") -> Rows:
    columns = zip(*parts)
    return Rows(*(None if of[0] is None else np.concatenate(of) for of in columns))


def bytes_of(split: str, manifest: Manifest) -> int:
    """The memory that a split needs."""
    id_bytes, entry = np.dtype(_id_dtype(manifest)).itemsize, manifest.splits[split]
    other_columns = 2 + int(np.prod(manifest.label_shape, dtype=int)) + entry.has_weights
    return entry.examples * (manifest.max_sequence_length * id_bytes + 4 * other_columns)


def _id_dtype(manifest: Manifest):
    return np.uint16 if manifest.vocabulary.size <= 2**16 else np.int32


def read_split(dataset: str, split: str, manifest: Manifest) -> Rows:
    """Reads and checks all records of a split.

    Args:
      dataset: its folder.
      manifest: the manifest that the run was checked against.
    Raises:
      UserError: a shard is missing, damaged, or does not match the manifest; or the dataset was
        replaced since the check.
    """
    return _joined(read_shards(dataset, split, manifest))


def read_shards(dataset: str, split: str, manifest: Manifest) -> Iterator[Rows]:
    """The same, a shard at a time."""
    check_sizes(dataset, split, manifest)
    entry = manifest.splits[split]
    for path, shard in zip(shard_paths(dataset, split, manifest), entry.shards):
        yield _read_shard(path, shard, manifest, entry.has_weights)


def _read_shard(path, shard, manifest, has_weights):
    check_lengths(path, manifest)
    spec = records.feature_spec(
        manifest.max_sequence_length, manifest.is_regression, manifest.label_shape, has_weights
    )
    batches = tf.data.TFRecordDataset(path).batch(_PARSE_ROWS)
    batches = batches.map(lambda serialized: tf.io.parse_example(serialized, spec))
    nothing = tf.io.parse_example(tf.zeros([0], tf.string), spec)
    parts = [_compact(nothing, manifest)]  # a shard may be empty
    try:
        for batch in batches:
            parts.append(_compact(batch, manifest))
    except (tf.errors.OpError, _BadRecord) as error:
        number = sum(len(part.labels) for part in parts) + getattr(error, "row", 0)
        where = "record" if isinstance(error, _BadRecord) else "at or after record"
        fault = f"is damaged: {where} {number}: {plain_message(error)}"
        raise damaged(path, fault, manifest) from None
    rows = _joined(parts)
    if len(rows.labels) != shard.examples:
        raise damaged(
            path,
            f"has {len(rows.labels):,} records, the manifest says {shard.examples:,}",
            manifest,
        )
    return rows


class _BadRecord(Exception):
    """A record that breaks a rule of shared/records.py; `row` is its number in the batch."""

    def __init__(self, rule, row):
        super().__init__(rule)
        self.row = row


def _compact(batch, manifest):
    """A parsed batch as Rows, after checking that mask and segments follow from the lengths."""
    batch = {name: values.numpy() for name, values in batch.items()}
    ids, mask, segments, labels = (batch[feature.name] for feature in records.FEATURES)
    weights = batch.get(records.WEIGHTS.name)
    lengths = np.sum(mask == records.TOKEN, axis=1)
    b_starts = lengths - np.sum(segments == records.SEGMENT_B, axis=1)
    expected = records.mask_and_segments(lengths, b_starts, manifest.max_sequence_length)
    _check(mask == expected[0], records.MASK_RULE)
    _check(segments == expected[1], records.SEGMENTS_RULE)
    limits = (manifest.vocabulary.size, labels, manifest.label_values)
    rules = records.rules(ids, *limits, weights=weights)
    for rule, kept in rules.items():
        _check(kept, rule)
    return Rows(
        ids.astype(_id_dtype(manifest)),
        lengths.astype(np.int32),
        b_starts.astype(np.int32),
        labels.astype(np.float32 if manifest.is_regression else np.int32),
        weights,
    )


def _check(holds, rule):
    """Args: holds, bool [N] or [N, MSL]."""
    rows = np.flatnonzero(~holds.all(axis=tuple(range(1, holds.ndim))))
    if len(rows):
        raise _BadRecord(f"breaks the rule: {rule}", int(rows[0]))


def fits_in_memory(options: InputConfig, split: str, manifest: Manifest) -> bool:
    """Whether a split needs at most memory_limit_gb; the same on every machine."""
    return bytes_of(split, manifest) <= options.memory_limit_gb * 1e9
