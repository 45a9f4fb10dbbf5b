"""The rows of a TFDS file as a user would have them: CSV, JSONL or Parquet.

python -m bench.data.tables <TFDS file of SST-2> <rows> <target>

The target gets the first `rows` rows; its ending is the format.
"""

import csv
import itertools
import json
import os
import sys
from typing import Iterator

from preprocess.formats import tfrecord
from shared import tasks

TEXT, LABEL = tasks.get("sst2").text_columns[0], "label"


def main(path: str, most: str, target: str) -> None:
    rows = itertools.islice(_rows(path), int(most))
    WRITERS[os.path.splitext(target)[1][1:]](rows, target)


def _rows(path: str) -> "Iterator[tuple[str, int]]":
    import tensorflow as tf

    spec = {
        TEXT: tf.io.FixedLenFeature([], tf.string),
        LABEL: tf.io.FixedLenFeature([], tf.int64),
    }
    for records in tfrecord.read(path):
        found = tf.io.parse_example(records.as_list(), spec)
        texts, labels = (found[name].numpy().tolist() for name in (TEXT, LABEL))
        yield from zip(map(bytes.decode, texts), labels, strict=True)


def _write_csv(rows: Iterator, target: str) -> None:
    with open(target, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([(TEXT, LABEL), *rows])


def _write_jsonl(rows: Iterator, target: str) -> None:
    with open(target, "w", encoding="utf-8") as file:
        for text, label in rows:
            file.write(json.dumps({TEXT: text, LABEL: label}) + "\n")


def _write_parquet(rows: Iterator, target: str) -> None:
    import pyarrow
    from pyarrow import parquet

    texts, labels = zip(*rows, strict=True)
    parquet.write_table(pyarrow.table({TEXT: texts, LABEL: labels}), target)


WRITERS = {"csv": _write_csv, "jsonl": _write_jsonl, "parquet": _write_parquet}


if __name__ == "__main__":
    main(*sys.argv[1:])
