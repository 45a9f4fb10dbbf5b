"""Checks many records at once for everything that may be wrong with one."""

from typing import Iterator

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from preprocess.encoding.encode import Tokens
from preprocess.encoding.serialize import Serializer
from shared import records
from shared.manifest import Manifest
from shared.records import WEIGHTS
from shared.word_pieces import CLS, PAD, SEP


class RecordChecker:
    """Checks serialized records of a split against the manifest of their dataset."""

    def __init__(self, manifest: Manifest, split: str):
        self._manifest = manifest
        self._length = manifest.max_sequence_length
        self._spec = records.feature_spec(
            self._length,
            manifest.is_regression,
            manifest.label_shape,
            manifest.splits[split].has_weights,
        )
        self._ids = manifest.vocabulary.special_ids
        self._serializer = Serializer(self._length, manifest.vocabulary.size, self._ids[PAD])

    def check(self, serialized: "list[bytes]") -> "tuple[dict[int, str], dict]":
        """Returns {index: its first fault}, and the features of the records that have none."""
        faults, good, rows = {}, list(range(len(serialized))), None
        try:
            rows = self._parse(serialized)
        except tf.errors.OpError:
            faults = {n: fault for n, row in enumerate(serialized) if (fault := self._shape(row))}
            good = [n for n in good if n not in faults]
            rows = self._parse([serialized[n] for n in good])
        faults.update((good[n], fault) for n, fault in self._content(rows).items())
        rows = _take(rows, [n not in faults for n in good])
        good = [n for n in good if n not in faults]
        for n, expected in zip(good, self._serialize(rows), strict=True):
            if serialized[n] != expected:
                faults[n] = self._shape(serialized[n]) or "is not what `make data` writes"
        return faults, _take(rows, [n not in faults for n in good])

    def _parse(self, serialized: "list[bytes]") -> "dict[str, np.ndarray]":
        parsed = tf.io.parse_example(tf.constant(serialized, tf.string), self._spec)
        return {name: values.numpy() for name, values in parsed.items()}

    def _serialize(self, rows: dict) -> "list[bytes]":
        """The bytes that records with these (correct) features should have."""
        is_token = rows["input_mask"] == records.TOKEN
        lengths = is_token.sum(axis=1)
        b_starts = lengths - (rows["segment_ids"] == records.SEGMENT_B).sum(axis=1)
        tokens = Tokens(rows["input_ids"][is_token], lengths, b_starts)
        return self._serializer.serialize(tokens, rows["labels"], rows.get(WEIGHTS.name))

    def _shape(self, record: bytes) -> "str | None":
        """Why a record does not hold exactly its features, each with its type and size."""
        try:
            features = tf.train.Example.FromString(record).features.feature
        except DecodeError:
            return "is not a tf.train.Example"
        if set(features) != set(self._spec):
            return f"has the features {sorted(features)}, expected {sorted(self._spec)}"
        for name, expected in self._spec.items():
            kind = features[name].WhichOneof("kind")
            wanted = "float_list" if expected.dtype == tf.float32 else "int64_list"
            if kind != wanted:
                return f"{name} is {kind}, expected {wanted}"
            size = len(getattr(features[name], kind).value)
            wanted_size = int(np.prod(expected.shape, dtype=int))
            if size != wanted_size:
                return f"{name} has {size} values, expected {wanted_size}"
        return None

    def _content(self, rows: dict) -> "dict[int, str]":
        """{row: the first rule that its features break}."""
        faults = {}
        for is_broken, text in self._rules(rows):
            for row in np.flatnonzero(is_broken).tolist():
                faults.setdefault(row, text)
        return faults

    def _rules(self, rows: dict) -> "Iterator[tuple[np.ndarray, str]]":
        """(which rows break a rule [N], what is wrong with them)."""
        ids, mask = rows["input_ids"], rows["input_mask"]
        is_token = mask == records.TOKEN
        lengths = is_token.sum(axis=1)
        is_sep = is_token & (ids == self._ids[SEP])
        texts = len(self._manifest.text_columns)
        first_sep = is_sep.argmax(axis=1) + 1
        expected_mask, expected_segments = records.mask_and_segments(
            lengths, np.where(texts == 1, lengths, first_sep), self._length
        )
        last = np.take_along_axis(ids, np.maximum(lengths - 1, 0)[:, None], axis=1)[:, 0]
        limits = (self._manifest.vocabulary.size, rows["labels"], self._manifest.label_values)
        weights = rows.get(WEIGHTS.name)
        for rule, kept in records.rules(ids, *limits, weights=weights).items():
            yield ~kept.all(axis=tuple(range(1, kept.ndim))), _broken(rule)
        if self._manifest.is_regression:
            yield ~np.isfinite(rows["labels"]), "labels: not a finite number"
        yield (mask != expected_mask).any(axis=1), _broken(records.MASK_RULE)
        yield (
            ((ids == self._ids[PAD]) != ~is_token).any(axis=1),
            f"input_mask: {records.PADDING} is not exactly where input_ids is {PAD}",
        )
        yield ids[:, 0] != self._ids[CLS], f"input_ids: does not begin with {CLS}"
        yield is_sep.sum(axis=1) != texts, f"input_ids: not exactly {texts} {SEP}"
        yield last != self._ids[SEP], f"input_ids: the last token is not {SEP}"
        is_segment_wrong = (rows["segment_ids"] != expected_segments).any(axis=1)
        yield is_segment_wrong, _broken(records.SEGMENTS_RULE)


def _broken(rule: str) -> str:
    return f"breaks the rule: {rule}"


def _take(rows: dict, keep: "list[bool]") -> dict:
    return {name: values[np.array(keep, bool)] for name, values in rows.items()}
