"""A small dataset whose training rows have weights."""

import json

import numpy as np

from preprocess import run

WORDS = ("good", "bad", "film", "plot", "cast")
WEIGHTS = (0, 0.5, 1, 3)


def rows(count, seed):
    """[{"text", "label", "trust"}]: up to four words; `positive` where one of them is `good`."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        words = random.choice(WORDS, size=random.integers(1, 5), replace=False).tolist()
        label = "positive" if "good" in words else "negative"
        yield {"text": " ".join(words), "label": label, "trust": random.choice(WEIGHTS).item()}


def make(folder, *more, weight="trust"):
    """Writes 96 and 130 rows, the latter without weights, and builds the dataset."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS]
    (folder / "vocab.txt").write_text("".join(word + "\n" for word in words))
    found = {"train": list(rows(96, 1)), "validation": list(rows(130, 2))}
    for row in found["validation"]:
        del row["trust"]
    for name, of_split in found.items():
        lines = "".join(json.dumps(row) + "\n" for row in of_split)
        (folder / f"{name}.jsonl").write_text(lines)
    data = ",".join(f"{name}={folder}/{name}.jsonl" for name in found)
    arguments = ["--task", "trusted", "--data", data, "--vocab_file", folder / "vocab.txt"]
    arguments += ["--data_dir", folder / "data", "--max_sequence_length", "8", "--num_shards", "2"]
    arguments += ["--text", "text", "--label", "label", *more]
    arguments += [] if weight is None else ["--weight", weight]
    run.main([*map(str, arguments)])
    return folder / "data" / "trusted" / "msl8"
