"""transformers' text-classification pipeline, in the peers' environment.

python -m bench.peers.classify <Hugging Face folder> <texts.json>

Prints {"seconds": of all texts, "logits": [[...], ...]}.
"""

import json
import sys
import time

import torch
from transformers import pipeline

_BATCH_SIZE = 32
_WARM_UP = 200  # texts


def main(folder: str, path: str) -> None:
    with open(path, encoding="utf-8") as file:
        texts = json.load(file)
    classify = pipeline("text-classification", model=folder, device="cpu", batch_size=_BATCH_SIZE)
    with torch.inference_mode():
        classify(texts[:_WARM_UP])
        started = time.monotonic()
        classify(texts)
        seconds = time.monotonic() - started
        found = classify(texts, function_to_apply="none", top_k=None)
    labels = classify.model.config.id2label
    logits = [[scores[labels[n]] for n in range(len(labels))] for scores in map(_by_label, found)]
    print(json.dumps({"seconds": seconds, "logits": logits}))


def _by_label(scores: list) -> dict:
    return {score["label"]: score["score"] for score in scores}


if __name__ == "__main__":
    main(*sys.argv[1:])
