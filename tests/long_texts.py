"""A small dataset of texts that are longer than a record: where `good` stands decides nothing."""

import json

import numpy as np

from preprocess import run

WORDS = ("good", "film", "plot", "the", "a")
LENGTH, OVERLAP = 8, 2  # of records; windows have 6 words


def rows(count, seed):
    """[{"id", "text", "label"}] of 0 to 20 words; `yes` where one of them is `good`."""
    random = np.random.default_rng(seed)
    for number in range(count):
        words = random.choice(WORDS[1:], size=random.integers(0, 21)).tolist()
        is_good = bool(words) and number % 2 == 0
        if is_good:
            words[random.integers(len(words))] = WORDS[0]
        label = "yes" if is_good else "no"
        yield {"id": f"T-{number}", "text": " ".join(words), "label": label}


def windows(text):
    """Its windows as texts, by Hugging Face's rule for `stride`: on until the end is in one."""
    words, found, start = text.split(), [], 0
    while True:
        found.append(" ".join(words[start : start + LENGTH - 2]))
        if start + LENGTH - 2 >= len(words):
            return found
        start += LENGTH - 2 - OVERLAP


def write(path, found):
    path.write_text("".join(json.dumps(row) + "\n" for row in found))


def make(folder, *more, windows=OVERLAP):
    """Writes 60, 41 and 20 rows, of which the first test row has no label, and builds the dataset;
    args: windows, None to cut texts off."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS]
    (folder / "vocab.txt").write_text("".join(word + "\n" for word in words))
    test = list(rows(20, 3))
    test[0]["label"] = None
    for name, found in (("train", rows(60, 1)), ("validation", rows(41, 2)), ("test", test)):
        write(folder / f"{name}.jsonl", found)
    data = ",".join(f"{name}={folder}/{name}.jsonl" for name in ("train", "validation", "test"))
    arguments = ["--task", "films", "--data", data, "--vocab_file", folder / "vocab.txt"]
    arguments += ["--data_dir", folder / "data", "--max_sequence_length", LENGTH]
    arguments += ["--text", "text", "--label", "label", "--id", "id", "--num_shards", "3", *more]
    arguments += [] if windows is None else ["--windows", windows]
    run.main([*map(str, arguments)])
    return folder / "data" / "films" / f"msl{LENGTH}"
