"""Classifies texts with a model folder, timed.

python -m bench.classify.ours <model_dir> <texts.json>

Prints {"seconds": of all texts, "first": from TensorFlow's import to the first answer, loading
included, "logits": [[...], ...]}.
"""

import json
import sys
import time

import inference
from inference import model_folder
from train.backend import import_tensorflow

_WARM_UP = 200  # texts


def main(model_dir: str, path: str) -> None:
    with open(path, encoding="utf-8") as file:
        texts = json.load(file)
    folder = model_folder.read(model_dir)  # before TensorFlow, as inference/classify.py does it
    import_tensorflow(None)
    started = time.monotonic()
    model = inference.of_folder(folder)
    model.classify(texts[:1])
    first = time.monotonic() - started
    model.logits(texts[:_WARM_UP])
    started = time.monotonic()
    model.classify(texts)
    seconds = time.monotonic() - started
    print(json.dumps({"seconds": seconds, "first": first, "logits": model.logits(texts).tolist()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
