"""Writes the demo's input below one folder:

glue/SST-2/{train,dev,test}.tsv   invented sentences in GLUE's layout
tfds/glue/sst2/2.0.0/             the dataset that TFDS builds from them
vocab.txt                         word pieces learned from the training sentences
"""

import os
import sys

from demo import sentences
from preprocess.sources import glue_files
from shared import quiet, tasks
from shared.word_pieces import REQUIRED

_SEED = 1202
_SIZES = {"train": 4000, "dev": 500, "test": 500}
_VOCABULARY_SIZE = 400


def main(folder: str) -> None:
    splits = make_splits()
    write_glue_files(os.path.join(folder, "glue", "SST-2"), splits)
    with quiet.native_stderr():
        write_vocabulary(os.path.join(folder, "vocab.txt"), splits["train"])
        prepared = glue_files.prepare(
            tasks.get("sst2"), os.path.join(folder, "glue"), os.path.join(folder, "tfds")
        )
    counts = ", ".join(f"{name} {len(rows):,}" for name, rows in splits.items())
    print(f"{counts} sentences -> {prepared}")


def make_splits() -> dict:
    """{"train", "dev", "test": [(sentence, label)]}; no sentence is in two of them."""
    rows = sentences.generate(sum(_SIZES.values()), _SEED)
    splits, start = {}, 0
    for name, size in _SIZES.items():
        splits[name] = rows[start : start + size]
        start += size
    return splits


def write_glue_files(folder: str, splits: dict) -> None:
    """GLUE's SST-2 files: `sentence, label`, and `index, sentence` for the test split."""
    os.makedirs(folder, exist_ok=True)
    for name, rows in splits.items():
        if name == "test":
            lines = ["index\tsentence", *(f"{n}\t{text}" for n, (text, _) in enumerate(rows))]
        else:
            lines = ["sentence\tlabel", *(f"{text}\t{label}" for text, label in rows)]
        with open(os.path.join(folder, name + ".tsv"), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")


def write_vocabulary(path: str, rows: list) -> None:
    """Learns a word-piece vocabulary from the sentences."""
    import tensorflow as tf
    from tensorflow_text.tools.wordpiece_vocab import bert_vocab_from_dataset as learner

    texts = tf.data.Dataset.from_tensor_slices([text for text, _ in rows]).batch(1000)
    pieces = learner.bert_vocab_from_dataset(
        texts,
        vocab_size=_VOCABULARY_SIZE,
        reserved_tokens=[*REQUIRED, "[MASK]"],
        bert_tokenizer_params={"lower_case": True},
    )
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(pieces) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
