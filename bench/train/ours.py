"""Steps of our own training, timed.

python -m bench.train.ours <job.json>

A job, and what is printed for it, one line of JSON:
  {"model": fields of shared.config.ModelConfig, "data": a dataset folder or null,
   "shape": [rows, tokens] of every batch without data, "padding": trimmed, untrimmed or grouped,
   "bfloat16": true or false, "peak_rate", "steps", "warm_up": as in bench/peers/train.py,
   "timed": [[from, to), ...] steps of an epoch, "peak_of": a size, or null,
   "xla": whether XLA compiles the step (false)}
  -> {"seconds": [...] of each timed range, "tokens": mean S of their batches,
      "peak": operations per second of [size, size] matrix products in that precision, or null,
      "products": with a peak, the seconds of only a step's own products}

Steps between the ranges are skipped: the batches are the same as bench/train/batches.py writes for
the same seed.
"""

import contextlib
import json
import sys
import tempfile
import time

import numpy as np
import tensorflow as tf

from bench.input.ours import untrimmed
from bench.train import products
from shared.config import Config, InputConfig, ModelConfig, OptimizerConfig, RunConfig
from shared.config.schedules import parse_learning_rate
from shared.manifest_file import read_manifest
from train import devices
from train.data import input_fn
from train.gpu import estimator as gpu

SEED = 1
_WARM_UP_STEPS = 3
_PRODUCTS = 20


def main(path: str) -> None:
    with open(path, encoding="utf-8") as file:
        job = json.load(file)
    params = params_of(job)
    devices.use_cpu()
    dtype = tf.bfloat16 if job["bfloat16"] else tf.float32
    peak = _peak(job["peak_of"], dtype) if job["peak_of"] else None
    alone = products.seconds(params.model, *job["shape"], dtype) if peak else None
    with tempfile.TemporaryDirectory() as folder:
        estimator = gpu.Estimator(params, folder, {})
        seconds, tokens = _Steps(estimator, job).timed()
    found = {"seconds": seconds, "tokens": tokens, "peak": peak, "products": alone}
    print(json.dumps(found))


class _Steps:
    """The compiled loop of a training."""

    def __init__(self, estimator: gpu.Estimator, job: dict):
        # Private, because no other code takes steps of a training one by one.
        self._loop, self._params, self._job = estimator._train_loop(), estimator.params, job

    def timed(self) -> "tuple[list, float]":
        """(seconds of each range, mean S of their batches)."""
        ranges = self._job["timed"]
        self._take(self._batches(0), _WARM_UP_STEPS)
        seconds, lengths = [], []
        for first, last in ranges:
            batches = self._batches(first)
            started = time.monotonic()
            self._take(batches, last - first)
            seconds.append(time.monotonic() - started)
            taken = self._dataset(first).take(last - first)
            lengths += [features["input_ids"].shape[1] for features, _ in taken]
        return seconds, float(np.mean(lengths))

    def _take(self, batches, steps):
        report, _ = self._loop._loop(batches, tf.constant(steps))
        assert np.isfinite(report.loss.numpy())

    def _batches(self, first_step):
        return self._loop._replicas.batches(lambda *_: self._dataset(first_step), self._params)

    def _dataset(self, first_step):
        if not self._job["data"]:
            return fixed(*self._job["shape"])
        manifest = read_manifest(self._job["data"])
        is_untrimmed = self._job["padding"] == "untrimmed"
        with untrimmed(manifest) if is_untrimmed else contextlib.nullcontext():
            return input_fn.train_input_fn(self._params, manifest=manifest, first_step=first_step)


def fixed(rows: int, tokens: int) -> tf.data.Dataset:
    """The same batch again and again, every position a token."""
    ids = np.random.RandomState(SEED).randint(1000, 30000, (rows, tokens), np.int32)
    empty = np.zeros((rows, tokens), np.int32)
    features = {"input_ids": ids, "input_mask": empty, "segment_ids": empty}
    return tf.data.Dataset.from_tensors((features, np.zeros(rows, np.int32))).repeat()


def params_of(job: dict) -> Config:
    """The recipe of bench/peers/train.py."""
    grouped = job["padding"] == "grouped"
    rows = 32 if job["data"] else job["shape"][0]
    options = InputConfig(rows, job["data"], group_by_length=grouped)
    up = {"scheduler": "Linear", "initial_learning_rate": 0.0,
          "end_learning_rate": job["peak_rate"], "steps": job["warm_up"]}  # fmt: skip
    down = {"scheduler": "Linear", "initial_learning_rate": job["peak_rate"],
            "end_learning_rate": 0.0, "steps": job["steps"] - job["warm_up"]}  # fmt: skip
    model = ModelConfig(
        **job["model"],
        dropout_rate=0.1,
        attention_dropout_rate=0.1,
        cls_dropout_rate=0.1,
        encoder_nonlinearity="gelu_erf",
        layer_norm_epsilon=1e-12,
        mixed_precision="bfloat16" if job["bfloat16"] else False,
        num_cls_classes=2,
    )
    optimizer = OptimizerConfig(
        learning_rate=parse_learning_rate([up, down]),
        weight_decay_rate=0.01,
        exclude_from_weight_decay=(),
        epsilon=1e-8,
        use_bias_correction=True,
        max_gradient_norm=1.0,
    )
    run = RunConfig(max_steps=job["steps"], tf_random_seed=SEED, xla=job.get("xla", False))
    return Config(options, options, options, model, optimizer, run)


def _peak(size: int, dtype) -> float:
    """Operations per second of TensorFlow's matrix products, each of the previous one's result."""
    factor = tf.eye(size, dtype=dtype)

    @tf.function
    def chain(x):
        for _ in tf.range(_PRODUCTS):
            x = tf.matmul(x, factor)
        return x

    chain(factor)
    started = time.monotonic()
    chain(factor).numpy()
    return 2 * size**3 * _PRODUCTS / (time.monotonic() - started)


if __name__ == "__main__":
    main(*sys.argv[1:])
