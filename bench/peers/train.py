"""The same training in PyTorch with transformers, in the peers' environment.

python -m bench.peers.train <job.json>

A job, and what is printed for it, one line of JSON:
  {"model": a Hugging Face folder, or the fields of its config.json for random weights,
   "data": a file of bench/train/batches.py, "bfloat16": true or false,
   "seed": of weights and dropout, "peak_rate": learning rate after the warm-up,
   "steps": of all, "warm_up": of them,
   "timed": [[from, to), ...] steps to time, empty to train on all and score the dev rows}
  -> {"seconds": [...]}, of each timed range, or {"accuracy": of the dev rows, "seconds"}
"""

import json
import sys
import time

import numpy as np
import torch
from transformers import BertConfig, BertForSequenceClassification

_DEV_BATCH = 64
_WARM_UP_STEPS = 3  # before the first timed one, as in bench/train/ours.py


class Training:
    """AdamW with bias correction and weight decay 0.01 on everything, clipping at norm 1,
    linear warm-up and decay; batches are padded to their longest example.
    """

    def __init__(self, job: dict):
        torch.manual_seed(job["seed"])
        self._job = job
        self._model = _model(job["model"]).train()
        self._optimizer = torch.optim.AdamW(
            self._model.parameters(),
            lr=job["peak_rate"],
            betas=(0.9, 0.999),
            eps=1e-8,
            weight_decay=0.01,
        )
        self._schedule = torch.optim.lr_scheduler.LambdaLR(self._optimizer, self._factor)

    def _factor(self, step: int) -> float:
        """The factor of the learning rate: 0 -> 1 in the warm-up, then -> 0."""
        warm_up, steps = self._job["warm_up"], self._job["steps"]
        if step < warm_up:
            return step / warm_up
        return max(steps - step, 0) / max(steps - warm_up, 1)

    def step(self, ids, lengths, labels) -> None:
        """Args: ids [B, MSL], lengths [B], labels [B], NumPy."""
        loss = self._outputs(ids, lengths, torch.from_numpy(labels.astype(np.int64))).loss
        self._optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
        self._optimizer.step()
        self._schedule.step()

    def accuracy(self, ids, lengths, labels) -> float:
        self._model.eval()
        right = 0
        with torch.inference_mode():
            for start in range(0, len(labels), _DEV_BATCH):
                part = slice(start, start + _DEV_BATCH)
                scores = self._outputs(ids[part], lengths[part]).logits
                right += int((scores.argmax(1).numpy() == labels[part]).sum())
        return right / len(labels)

    def _outputs(self, ids, lengths, labels=None):
        longest = int(lengths.max())
        tokens = torch.from_numpy(ids[:, :longest].astype(np.int64))
        mask = torch.from_numpy((np.arange(longest) < lengths[:, None]).astype(np.int64))
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._job["bfloat16"]):
            return self._model(input_ids=tokens, attention_mask=mask, labels=labels)


def _model(stated):
    """Args: stated, a folder, or the fields of a config."""
    if isinstance(stated, dict):
        return BertForSequenceClassification(BertConfig(**stated, num_labels=2))
    # If the file has no pooler layer, transformers warns and starts with a random one.
    return BertForSequenceClassification.from_pretrained(stated, num_labels=2)


def main(path: str) -> None:
    with open(path, encoding="utf-8") as file:
        job = json.load(file)
    data, training = np.load(job["data"]), Training(job)
    train = [data[name] for name in ("ids", "lengths", "labels")]
    size = int(data["batch_size"])

    def take(first, last):
        started = time.monotonic()
        for step in range(first, last):
            training.step(*(column[step * size : (step + 1) * size] for column in train))
            if step % 100 == 99:
                print(f"step {step + 1}", file=sys.stderr)
        return time.monotonic() - started

    if job["timed"]:
        take(0, _WARM_UP_STEPS)
        print(json.dumps({"seconds": [take(first, last) for first, last in job["timed"]]}))
        return
    seconds = take(0, job["steps"])
    accuracy = training.accuracy(*(data[f"dev_{name}"] for name in ("ids", "lengths", "labels")))
    print(json.dumps({"accuracy": accuracy, "seconds": seconds}))


if __name__ == "__main__":
    main(*sys.argv[1:])
