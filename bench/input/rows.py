"""Writes the train split of a dataset for programs that cannot read our records.

python -m bench.input.rows <dataset folder> <target.npz>

The file holds input_ids, attention_mask (1 = token, as in Hugging Face) and token_type_ids,
int32 [N, max_sequence_length], and labels, int32 [N].
"""

import sys

import numpy as np

from shared import records
from shared.manifest_file import read_manifest
from shared.tasks import TRAIN_SPLIT
from train.data.in_memory import read_split


def main(folder: str, target: str) -> None:
    manifest = read_manifest(folder)
    rows = read_split(folder, TRAIN_SPLIT, manifest)
    mask, segments = records.mask_and_segments(
        rows.lengths, rows.b_starts, manifest.max_sequence_length
    )
    np.savez(
        target,
        input_ids=rows.input_ids.astype(np.int32),
        attention_mask=(mask == records.TOKEN).astype(np.int32),
        token_type_ids=segments.astype(np.int32),
        labels=rows.labels,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
