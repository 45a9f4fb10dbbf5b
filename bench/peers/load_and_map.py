"""Hugging Face's way with a file, in the peers' environment: load_dataset, then map.

python -m bench.peers.load_and_map <file> <vocabulary> <max_sequence_length> <cache folder>

Prints {"rows", "seconds"} of both calls, which write their Arrow caches into the folder, without
imports.
"""

import json
import os
import sys
import time

import datasets
from transformers import BertTokenizerFast

_PROCESSES = 2
_BUILDERS = {".csv": "csv", ".jsonl": "json", ".parquet": "parquet"}


def main(path: str, vocabulary: str, length: str, cache: str) -> None:
    datasets.disable_progress_bars()
    tokenizer = BertTokenizerFast(vocab=vocabulary)

    def tokenize(batch):
        return tokenizer(
            batch["sentence"], padding="max_length", truncation=True, max_length=int(length)
        )

    started = time.monotonic()
    builder = _BUILDERS[os.path.splitext(path)[1]]
    rows = datasets.load_dataset(builder, data_files=path, split="train", cache_dir=cache)
    made = rows.map(tokenize, batched=True, num_proc=_PROCESSES)
    print(json.dumps({"rows": len(made), "seconds": time.monotonic() - started}))


if __name__ == "__main__":
    main(*sys.argv[1:])
