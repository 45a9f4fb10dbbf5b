"""The sentences of a TFDS file as JSON lines, for peers that cannot read TFRecords.

python -m bench.data.sentences <TFDS file of SST-2> <sentences.jsonl>
"""

import json
import sys

from preprocess.formats import tfrecord
from shared import tasks

_COLUMN = tasks.get("sst2").text_columns[0]


def read(path: str):
    """Yields string tensors [N], the sentences of the file in order."""
    import tensorflow as tf

    spec = {_COLUMN: tf.io.FixedLenFeature([], tf.string)}
    for records in tfrecord.read(path):
        yield tf.io.parse_example(records.as_list(), spec)[_COLUMN]


def main(path: str, target: str) -> None:
    with open(target, "w", encoding="utf-8") as file:
        for sentences in read(path):
            for sentence in sentences.numpy():
                file.write(json.dumps({_COLUMN: sentence.decode("utf-8")}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
