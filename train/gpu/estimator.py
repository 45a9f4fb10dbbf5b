"""The estimator for GPU and CPU on current TensorFlow.

TensorFlow removed tf.estimator in 2.16; this one keeps its methods and its files (model_dir,
name-based checkpoints), and runs the train loop inside tf.function.
"""

import logging
import os
import time
from typing import Callable, Iterator, NamedTuple, Optional

import numpy as np
import tensorflow as tf

from shared import quiet
from shared.config import Config
from shared.errors import UserError
from train import signals
from train.checkpoints import tensors as checkpoint
from train.gpu import metrics_log, tensorboard
from train.gpu.layers import layers_of_device
from train.gpu.loop import TrainLoop
from train.gpu.replicas import Replicas
from train.gpu.state import State
from train.gpu.step import FEATURES, TrainStep, model_features, zero_batches
from train.gpu.xla_functions import StepFunction
from train.model import classifier, precision


class Predictions(NamedTuple):
    """The model's answers to every example of a split, in order.

    scores: float32 [N, C] logits. labels: [N], or [N, C] of multi-label data; -1 for an example
    without one.
    """

    scores: np.ndarray
    labels: np.ndarray

    def losses(self) -> np.ndarray:
        """float32 [N]; every example must have a label."""
        return classifier.losses(tf.constant(self.scores), tf.constant(self.labels)).numpy()


class Estimator:
    """Trains and evaluates one model; its state is in model_dir.

    Attributes:
      params: the configuration.
      dtype: of the matrix products.

    Its methods take an input_fn: a function (params, input_context) that returns a tf.data.Dataset
    of (features, labels), see train/data/input_fn.py.
    """

    def __init__(
        self,
        params: Config,
        model_dir: str,
        values: dict,
        strategy: Optional[tf.distribute.Strategy] = None,
    ):
        """Creates the variables.

        Args:
          params: with nothing unset (train/planning/resolve.py); runconfig.xla is true or false.
          model_dir: where checkpoints and summaries are written.
          values: {name in a checkpoint: array}, what variables start from: pretrained weights, or
            a whole checkpoint (state.read_checkpoint). The others start fresh.
          strategy: from train/gpu/strategy.py; None for one device.
        """
        self.params = params
        self._model_dir = model_dir
        self._replicas = Replicas(strategy)
        self.dtype = precision.compute_dtype(params.model.mixed_precision)
        with self._replicas.scope():
            self._state = State(params, values)
        self._predict = StepFunction(self._predict_step, (FEATURES,), params.runconfig.xla)
        self._step = None

    @property
    def devices(self) -> int:
        """How many share a training batch."""
        return self._replicas.count

    def input_context(self) -> Optional[tf.distribute.InputContext]:
        """What an input_fn receives when several devices share a batch."""
        return self._replicas.input_context()

    @property
    def is_chief(self) -> bool:
        """Whether this process writes files; of several workers, the first one does."""
        return self._replicas.is_chief

    def check_agree(self, step: int) -> None:
        """Checks that all workers have the same checkpoint and as many devices; all must call this.

        Args: step, of the checkpoint.
        Raises:
          UserError: in every worker.
        """
        self._replicas.check_equal(self._replicas.here, "the number of devices per worker")
        self._replicas.check_equal(step, "the step of the checkpoint")

    def anyone(self, flag: bool) -> bool:
        """Whether the flag is set in any of the workers; all of them must call this."""
        return self._replicas.anyone(flag)

    def train(
        self,
        input_fn: Callable,
        max_steps: int,
        after_checkpoint: Callable[[int], bool] = lambda step: False,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Trains from the current global step until it is max_steps.

        Args:
          input_fn: endless batches, starting with the one for the next step.
          after_checkpoint: called with the step after each checkpoint; if true, training ends.
          should_stop: called between steps; if true, a checkpoint is written and training ends.
        Raises:
          Terminated, KeyboardInterrupt: should_stop returned true.
          DivergedError: the gradients were NaN or infinite for too long.
          UserError: memory is short, or the devices cannot share a batch evenly.
        """
        self._train_loop().run(input_fn, max_steps, self.save, after_checkpoint, should_stop)

    def _train_loop(self):
        self._step = TrainStep(self.params, self._state, self.dtype, self._replicas)
        return TrainLoop(self.params, self._model_dir, self._replicas, self._state, self._step)

    def compile(
        self, shapes: list, is_training: bool, has_weights: bool = False
    ) -> Iterator[float]:
        """Builds the step of `train` or of `evaluate`, and runs it on zeros; writes nothing.

        Args:
          shapes: [(rows, tokens)] of the batches of a device; with XLA each is compiled.
          has_weights: whether rows to train on have weights.
        Yields: the seconds that building took, then the seconds of a step for each shape.
        Raises:
          UserError: the devices cannot share a batch evenly.
        """
        if is_training:
            yield from self._train_loop().compile(shapes, has_weights)
            return
        yield self._predict_built()
        for features_and_labels in zero_batches(shapes, self.params.model):
            started = time.monotonic()
            self._answers([features_and_labels] * self._replicas.here)
            yield time.monotonic() - started

    def _predict_built(self):
        started = time.monotonic()
        with quiet.log_records(logging.WARNING):  # a warning that this runs eagerly, as intended
            self._replicas.run(self._predict.build)
        return time.monotonic() - started

    def programs(self) -> int:
        """How many XLA programs have run."""
        return self._predict.programs() + (self._step.programs() if self._step else 0)

    def evaluate(
        self,
        input_fn: Callable,
        steps: Optional[int] = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Predictions:
        """The model's answers to every example of `input_fn`, each exactly once.

        Several workers share the batches. All must call this, and get the same answer: that of one
        worker, to the bit on equal machines.

        Args:
          input_fn: finite batches; `weights` in the features is 0 on rows that only fill one.
          steps: batches to take; None takes all.
          should_stop: called between batches.
        Raises:
          Terminated, KeyboardInterrupt: should_stop returned true, in any worker.
          UserError: there is no batch.
        """
        dataset = input_fn(self.params, None).take(-1 if steps is None else steps)
        batches = iter(self._replicas.dealt(dataset))
        answers: "list[tuple]" = []
        while (group := _take(batches, self._replicas.here)) and not should_stop():
            answers += self._answers(group)
        if self.anyone(bool(group)):
            raise signals.stopped("in an evaluation; the next run repeats it")
        answers = answers or self._no_answers(dataset)
        if not answers:
            raise UserError("the input function gave no batch to evaluate")
        return Predictions(*map(self._replicas.joined, zip(*answers)))

    def _no_answers(self, dataset):
        """As `_answers`, but without a row, for a worker to which no batch was dealt; [] if there
        is no batch at all."""
        return [
            (scores[:0], labels[:0])
            for batch in dataset.take(1)
            for scores, labels in self._answers([batch])
        ]

    def _answers(self, group):
        """[(scores, labels)] of some batches, without the rows that only fill them."""
        is_real = [_is_real(features) for features, _ in group]
        features = [model_features(features) for features, _ in group]
        scores = self._replicas.map(self._predict.call, features)
        return [
            (scores.numpy()[real], labels.numpy()[real])
            for scores, (_, labels), real in zip(scores, group, is_real)
        ]

    def _predict_step(self, features):
        layers = layers_of_device(self.params.runconfig.xla)(self.dtype)
        return classifier.logits(self._state.weights, features, self.params.model, layers)

    def write_metrics(self, split: str, values: dict, step: int) -> None:
        """Adds an evaluation to TensorBoard's files under <model_dir>/eval_<split>, and to
        metrics.jsonl."""
        folder = os.path.join(self._model_dir, f"eval_{split}")
        with tensorboard.writable(folder):
            writer = tf.summary.create_file_writer(folder)
            with writer.as_default(step):
                for name, value in values.items():
                    tf.summary.scalar(f"eval/{name}", value)
            writer.close()
        tagged = {f"eval_{split}/{name}": value for name, value in values.items()}
        metrics_log.append(self._model_dir, step, tagged)

    def restore(self, values: dict) -> None:
        """Replaces the weights, for example by those of another checkpoint of the same training."""
        with self._replicas.scope():
            self._state.restore(values)

    def save(self, folder: Optional[str] = None, keep: Optional[int] = None) -> None:
        """Writes a checkpoint of the current state, by default to model_dir."""
        keep = self.params.runconfig.keep_checkpoint_max if keep is None else keep
        tensors = self._state.tensors()
        checkpoint.save(folder or self._model_dir, self._state.step(), tensors, keep)


def _is_real(features):
    """bool [B]."""
    weights = features.get("weights")
    return np.ones(len(features["input_ids"]), bool) if weights is None else weights.numpy() > 0


def _take(batches, count):
    """The next `count` batches, or the remaining ones."""
    return [batch for _, batch in zip(range(count), batches)]
