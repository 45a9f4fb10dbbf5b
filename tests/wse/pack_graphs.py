"""Packs the Model Zoo's graphs of the reference data into train/wse/modelzoo_graphs.npz.

python -m tests.wse.pack_graphs <reference data>/golden/modelzoo_graphs
"""

import gzip
import json
import sys
from pathlib import Path

import numpy as np

from train.wse import modelzoo_graphs

# Those with disable_nsp are the same.
NAMES = (
    *("bert_base_sst2", "bert_base_mnli", "bert_large_sst2", "bert_large_mnli"),
    *("bert_base_sst2-float32", "bert_base_mnli-float32"),
)


def read(folder, name):
    """{mode: the hashes of the nodes}."""
    with gzip.open(str(folder / f"{name}.json.gz"), "rt") as file:
        modes = json.load(file)["modes"]
    return {mode: {node["hash"] for node in nodes} for mode, nodes in modes.items()}


def packed(folder):
    """What modelzoo_graphs.npz holds, {name: array}."""
    graphs = {
        f"{name}.{mode}": hashes for name in NAMES for mode, hashes in read(folder, name).items()
    }
    return modelzoo_graphs.pack(graphs)


if __name__ == "__main__":
    np.savez_compressed(modelzoo_graphs.PATH, **packed(Path(sys.argv[1])))
