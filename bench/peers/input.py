"""Hugging Face datasets and PyTorch's DataLoader, in the peers' environment.

python -m bench.peers.input <rows.npz> <batch size>

The rows are in memory as an Arrow table and are read as tensors (set_format), shuffled, in batches
as long as the records. Prints {"rows", "seconds": {number of workers: seconds}} as JSON, for the
batches after the first one, so that starting the workers is not included.
"""

import itertools
import json
import sys
import time

import datasets
import numpy as np
from torch.utils.data import DataLoader

_BATCHES = 60
_WORKERS = (0, 2)


def main(path: str, batch_size: str) -> None:
    rows = _rows(path)
    seconds = {str(count): _seconds(rows, int(batch_size), count) for count in _WORKERS}
    print(json.dumps({"rows": _BATCHES * int(batch_size), "seconds": seconds}))


def _rows(path: str) -> datasets.Dataset:
    with np.load(path) as columns:
        rows = {name: columns[name] for name in columns}
    length = rows["input_ids"].shape[1]
    tokens = datasets.Sequence(datasets.Value("int32"), length)
    features = {name: tokens if rows[name].ndim == 2 else None for name in rows}
    features["labels"] = datasets.Value(str(rows["labels"].dtype))
    made = datasets.Dataset.from_dict(rows, features=datasets.Features(features))
    return made.with_format("torch")


def _seconds(rows: datasets.Dataset, batch_size: int, workers: int) -> float:
    batches = iter(DataLoader(rows, batch_size, shuffle=True, num_workers=workers))
    next(batches)
    started = time.perf_counter()
    count = sum(1 for _ in itertools.islice(batches, _BATCHES))
    seconds = time.perf_counter() - started
    assert count == _BATCHES, "too few rows"
    return seconds


if __name__ == "__main__":
    main(*sys.argv[1:])
