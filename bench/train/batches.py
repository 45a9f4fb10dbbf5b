"""Writes the batches of our own training for programs that import nothing of ours.

python -m bench.train.batches <dataset folder> <batch size> <seed> <file to write>

Prints the number of complete batches.
"""

import sys

import numpy as np

from shared.manifest_file import read_manifest
from shared.tasks import TRAIN_SPLIT
from train.data import order
from train.data.in_memory import read_split

_COLUMNS = ("ids", "lengths", "labels")


def write(dataset: str, batch_size: int, seed: int, path: str) -> int:
    """Writes the first epoch's batches of a training and the dev rows, single sentences.

    The file: ids [N, MSL], lengths [N], labels [N] in the order of the epoch, the same with the
    prefix dev_ for the validation split, and batch_size.

    Returns: the number of complete batches.
    """
    manifest = read_manifest(dataset)
    train, dev = (read_split(dataset, split, manifest) for split in (TRAIN_SPLIT, "validation"))
    rows = order.permutation(seed, 0, len(train.labels))
    columns = {name: column[rows] for name, column in _columns(train).items()}
    columns.update({f"dev_{name}": column for name, column in _columns(dev).items()})
    np.savez(path, batch_size=batch_size, **columns)
    return len(rows) // batch_size


def _columns(rows):
    return dict(zip(_COLUMNS, (rows.input_ids, rows.lengths, rows.labels), strict=True))


if __name__ == "__main__":
    print(write(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
