"""Steps of our own training, taken one call of the compiled loop at a time."""

import time
from typing import NamedTuple

import tensorflow as tf

from bench.gpu import sizes
from bench.train.ours import fixed, params_of
from shared.config import Config
from train.gpu import estimator as gpu

_RECIPE = {"peak_rate": 5e-5, "steps": 2104, "warm_up": 210, "bfloat16": True,
           "padding": "trimmed"}  # fmt: skip


def params(job: dict, shape=None, dataset: "str | None" = None) -> Config:
    """The recipe of bench/train/ours.py in bfloat16, with XLA unless the job is small.

    Args:
      job: {"name": of the model, "small"}.
      shape: [rows, tokens] of all batches; or
      dataset: what batches of 32 are made of.
    """
    chosen = {"model": sizes.of(job["name"]), "xla": not job["small"]}
    return params_of({**_RECIPE, **chosen, "shape": shape, "data": dataset})


class Call(NamedTuple):
    """What a call of the loop gave.

    loss: of its last step. seconds: of the whole call, until the loss was there. waited: of them,
    for input.
    """

    loss: float
    seconds: float
    waited: float


class Steps:
    """The compiled loop of a training on the batches of a dataset."""

    def __init__(self, estimator: gpu.Estimator, dataset: tf.data.Dataset):
        # Private, because no other code takes steps of a training one by one.
        self._loop = estimator._train_loop()
        self._batches = self._loop._replicas.batches(lambda *_: dataset, estimator.params)

    def build(self) -> float:
        """Traces the loop; returns the seconds."""
        return self._loop._build(self._batches)

    def take(self, count: int) -> Call:
        """Takes `count` steps in one call."""
        started = time.monotonic()
        report, waited = self._loop._loop(self._batches, tf.constant(count))
        loss = report.loss.numpy().item()
        return Call(loss, time.monotonic() - started, waited.numpy().item())


def steps_on_one_batch(job: dict, shape, folder: str) -> Steps:
    """Steps of a training that takes the same batch again and again; args: folder, an empty one."""
    return Steps(gpu.Estimator(params(job, shape), folder, {}), fixed(*shape))
