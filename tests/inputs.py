"""Where the tests' input lies.

TensorFlow is imported by what uses it: the process that only hands out tests to others reads this.
"""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from shared import records
from shared.manifest_file import read_manifest
from shared.shards import shard_paths

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden"
# Reference data of other people, never copied into the project: beside the checkout, if at all.
REFERENCE = Path(os.environ.get("REFERENCE_DATA", ROOT.parent / "shared"))


def reference(path: str) -> Path:
    """A file or folder of the reference data, or the test is skipped."""
    found = REFERENCE / path
    if not found.exists():
        pytest.skip(f"needs {path} of the reference data (REFERENCE_DATA)")
    return found


def data_arguments(demo_input, data_dir, *more):
    """Arguments of preprocess.run for the demo's input."""
    return [
        *("--task", "sst2", "--max_sequence_length", "32"),
        *("--tfds_data_dir", str(demo_input / "tfds")),
        *("--vocab_file", str(demo_input / "vocab.txt")),
        *("--data_dir", str(data_dir)),
        *map(str, more),
    ]


def sha256_of_files(dataset):
    """{path: sha256} of shards, and of the maps to the rows of the source."""
    return {
        str(path.relative_to(dataset)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted([*dataset.rglob("*.tfrecord"), *dataset.rglob("*.npy"),
                            *dataset.rglob("ids.txt")])
    }  # fmt: skip


def read_rows(dataset, split):
    """Every record of a split, {feature: array [N, ...]}."""
    import tensorflow as tf

    manifest = read_manifest(str(dataset))
    spec = records.feature_spec(
        manifest.max_sequence_length,
        manifest.is_regression,
        manifest.label_shape,
        manifest.splits[split].has_weights,
    )
    paths = shard_paths(str(dataset), split, manifest)
    batch = next(iter(tf.data.TFRecordDataset(paths).batch(10**6)))
    return {name: value.numpy() for name, value in tf.io.parse_example(batch, spec).items()}


def spelt(pieces, rows):
    """The texts of records: the pieces between [CLS] and the last [SEP], words put together."""
    texts = []
    for ids, mask in zip(rows["input_ids"], rows["input_mask"], strict=True):
        tokens = [pieces[i] for i in ids[mask == records.TOKEN]]
        assert (tokens[0], tokens[-1]) == ("[CLS]", "[SEP]")
        texts.append(" ".join(tokens[1:-1]).replace(" ##", ""))
    return texts


def padded(tokens, max_sequence_length, pad_id):
    """The features of Tokens (preprocess/encoding/encode.py), [N, max_sequence_length] each."""
    ids = np.full((len(tokens.lengths), max_sequence_length), pad_id)
    ids[np.arange(max_sequence_length) < tokens.lengths[:, None]] = tokens.values
    mask, segments = records.mask_and_segments(tokens.lengths, tokens.b_starts, max_sequence_length)
    features = {"input_ids": ids, "input_mask": mask, "segment_ids": segments}
    return {name: values.tolist() for name, values in features.items()}


def to_example(row, is_regression):
    """Serializes one row by way of protobuf objects.

    Args:
      row: {feature name: a list of max_sequence_length ints, or for `labels` one number}.
      is_regression: whether `labels` is a float.
    Returns:
      The bytes of the tf.train.Example. Fields are in sorted order: without `deterministic` the
      order of a protobuf map differs from process to process.
    """
    import tensorflow as tf

    features = {}
    for feature in records.FEATURES:
        values = row[feature.name] if feature.per_token else [row[feature.name]]
        if is_regression and not feature.per_token:
            encoded = tf.train.Feature(float_list=tf.train.FloatList(value=values))
        else:
            encoded = tf.train.Feature(int64_list=tf.train.Int64List(value=values))
        features[feature.name] = encoded
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return example.SerializeToString(deterministic=True)
