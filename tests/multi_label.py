"""A small multi-label dataset: which words a text has says which classes."""

import json

import numpy as np

from preprocess import run

WORDS = ("good", "bad", "film", "plot", "cast")
CLASSES = ("cast", "good", "plot")  # of the words with a class of their own, sorted


def rows(count, seed):
    """[{"text", "labels"}]: up to three words; a text may have none of the classes."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        words = random.choice(WORDS, size=random.integers(1, 4), replace=False).tolist()
        yield {"text": " ".join(words), "labels": [word for word in words if word in CLASSES]}


def write(path, found):
    path.write_text("".join(json.dumps(row) + "\n" for row in found))


def make(folder, *more):
    """Writes 96, 40 and 30 rows, of which 2 are without a label, and builds the dataset."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS]
    (folder / "vocab.txt").write_text("".join(word + "\n" for word in words))
    test = list(rows(30, 3))
    test[0]["labels"] = test[7]["labels"] = None
    for name, found in (("train", rows(96, 1)), ("validation", rows(40, 2)), ("test", test)):
        write(folder / f"{name}.jsonl", found)
    data = ",".join(f"{name}={folder}/{name}.jsonl" for name in ("train", "validation", "test"))
    arguments = ["--task", "topics", "--data", data, "--vocab_file", folder / "vocab.txt"]
    arguments += ["--data_dir", folder / "data", "--max_sequence_length", "8", "--num_shards", "2"]
    arguments += ["--text", "text", "--label", "labels", "--labels", "several", *more]
    run.main([*map(str, arguments)])
    return folder / "data" / "topics" / "msl8"
