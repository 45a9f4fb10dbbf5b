"""Steps of our own training, taken one call of the compiled loop at a time."""

import time
from typing import NamedTuple

import tensorflow as tf

from train.estimators import gpu


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
        # Private, because nobody else takes steps of a training one by one.
        self._loop = estimator._train_loop()
        self._batches = self._loop._replicas.batches(lambda *_: dataset, estimator.params)

    def build(self) -> float:
        """Traces the loop; returns the seconds."""
        return self._loop._build(self._batches)

    def take(self, count: int) -> Call:
        """Takes so many steps in one call."""
        started = time.monotonic()
        report, waited = self._loop._loop(self._batches, tf.constant(count))
        loss = report.loss.numpy().item()
        return Call(loss, time.monotonic() - started, waited.numpy().item())
