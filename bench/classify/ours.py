"""Classifies texts with a model folder, timed.

python -m bench.classify.ours <model_dir> <texts.json>

Prints {"seconds": of all texts, "first": of the first text alone, "logits": [[...], ...]}.
"""

import json
import sys
import time

import inference

_WARM_UP = 200  # texts


def main(model_dir: str, path: str) -> None:
    with open(path, encoding="utf-8") as file:
        texts = json.load(file)
    model = inference.load(model_dir)
    started = time.monotonic()
    model.logits(texts[:1])
    first = time.monotonic() - started
    model.logits(texts[:_WARM_UP])
    started = time.monotonic()
    model.classify(texts)
    seconds = time.monotonic() - started
    print(json.dumps({"seconds": seconds, "first": first, "logits": model.logits(texts).tolist()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
