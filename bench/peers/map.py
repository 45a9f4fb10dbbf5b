"""Hugging Face's way, in the peers' environment: datasets.map with the fast tokenizer.

python -m bench.peers.map <sentences.jsonl> <vocabulary> <max_sequence_length> <cache folder>

Prints {"rows", "seconds"} of the call of `map` alone, which writes its Arrow cache into the folder,
without imports and reading the sentences.
"""

import json
import sys
import time

import datasets
from transformers import BertTokenizerFast

_PROCESSES = 2


def main(sentences: str, vocabulary: str, length: str, cache: str) -> None:
    datasets.disable_progress_bars()
    rows = datasets.Dataset.from_json(sentences, cache_dir=cache)
    # `vocab_file`, its name in earlier releases, is silently ignored since release 5.
    tokenizer = BertTokenizerFast(vocab=vocabulary)

    def tokenize(batch):
        return tokenizer(
            batch["sentence"], padding="max_length", truncation=True, max_length=int(length)
        )

    started = time.monotonic()
    made = rows.map(tokenize, batched=True, num_proc=_PROCESSES)
    seconds = time.monotonic() - started
    print(json.dumps({"rows": len(made), "seconds": seconds}))


if __name__ == "__main__":
    main(*sys.argv[1:])
