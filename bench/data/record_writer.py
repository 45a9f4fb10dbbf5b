"""The usual way in tutorials: TF Text on batches, then an Example built and written per record.

python -m bench.data.record_writer <TFDS file> <rows> <vocabulary> <max_sequence_length> <output>

Prints {"rows", "seconds"} of its loop: reading, tokenizing and writing the first rows of the file,
without imports and building the tokenizer. The records are the same as preprocess/ writes.
"""

import json
import sys
import time

import tensorflow as tf
import tensorflow_text as tf_text

from shared import records, vocab
from shared.word_pieces import CLS, PAD, REQUIRED, SEP

_BATCH = 1024
_SPEC = {
    "sentence": tf.io.FixedLenFeature([], tf.string),
    "label": tf.io.FixedLenFeature([], tf.int64),
}


def main(path: str, rows: str, vocabulary: str, length: str, output: str) -> None:
    known = vocab.read(vocabulary)
    special_ids = {piece: known.id(piece) for piece in REQUIRED}
    batches = _batches(path, int(rows), known)
    written, started = 0, time.monotonic()
    with tf.io.TFRecordWriter(output) as writer:
        for ids, labels in batches:
            for row, label in zip(ids.to_list(), labels.numpy().tolist(), strict=True):
                writer.write(_example(row, label, special_ids, int(length)).SerializeToString())
                written += 1
    print(json.dumps({"rows": written, "seconds": time.monotonic() - started}))


def _batches(path: str, rows: int, known: vocab.Vocabulary) -> tf.data.Dataset:
    """(ids without [CLS] and [SEP], ragged [N, None]; labels [N])."""
    tokenizer = tf_text.FastBertTokenizer(
        list(known.pieces), token_out_type=tf.int32, lower_case_nfd_strip_accents=known.lower_case
    )

    def tokenize(serialized):
        parsed = tf.io.parse_example(serialized, _SPEC)
        return tokenizer.tokenize(parsed["sentence"]), parsed["label"]

    batches = tf.data.TFRecordDataset(path).take(rows).batch(_BATCH)
    return batches.map(tokenize, tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def _example(row: list, label: int, special_ids: dict, length: int) -> tf.train.Example:
    ids = [special_ids[CLS], *row[: length - 2], special_ids[SEP]]
    padding = length - len(ids)
    features = {
        "input_ids": _int64(ids + [special_ids[PAD]] * padding),
        "input_mask": _int64([records.TOKEN] * len(ids) + [records.PADDING] * padding),
        "segment_ids": _int64([records.SEGMENT_A] * length),
        "labels": _int64([label]),
    }
    return tf.train.Example(features=tf.train.Features(feature=features))


def _int64(values: list) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


if __name__ == "__main__":
    main(*sys.argv[1:])
