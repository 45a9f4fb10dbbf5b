"""The estimator for GPU and CPU on current TensorFlow.

TensorFlow dropped tf.estimator with 2.16; this one keeps its verbs and its files (model_dir,
name-based checkpoints), and runs the train loop inside tf.function.
"""

import math
import os
import time
from typing import Callable, NamedTuple, Optional

import numpy as np
import tensorflow as tf

from shared.config import Config, ModelConfig
from shared.errors import Terminated, UserError
from train import checkpoint, classifier, optimizer, schedule, variables, weights
from train.dropout import StatelessDropout, no_dropout
from train.progress import Progress

# One call of the compiled loop takes up to this many steps, which hides the cost of the call; but
# no more than these seconds, so that progress is seen and a signal is answered.
STEPS_PER_CALL = 10
SECONDS_PER_CALL = 5.0

# Variables that tf.estimator expects of a run with loss scaling; every checkpoint holds them, so
# that a CS system can go on from it. {name: first value}
LOSS_SCALE_STATE = {
    "current_loss_scale": np.float32(2**15),
    "good_steps": np.int64(0),
    "steps_since_rescale": np.int64(0),
    "overflows_since_rescale": np.int64(0),
}


class Predictions(NamedTuple):
    """The model's answers to every example of a split, in order.

    scores: float32 [N, C] logits. labels: [N]. losses: float32 [N].
    """

    scores: np.ndarray
    labels: np.ndarray
    losses: np.ndarray


class Estimator:
    """Trains and evaluates one model; its state lies in model_dir.

    `train` and `evaluate` take an input_fn: a function of the parameters that returns a
    tf.data.Dataset of (features, labels), see train/input_fn.py.
    """

    def __init__(self, params: Config, model_dir: str, values: dict):
        """Makes the variables.

        Args:
          params: with nothing unset (train/resolve.py); runconfig.xla is true or false.
          model_dir: where checkpoints and summaries go.
          values: {name in a checkpoint: array}, what variables start from: pretrained weights, or
            a whole checkpoint (`read_checkpoint`). The others start fresh.
        """
        self._params = params
        self._model_dir = model_dir
        self._log_steps = (
            params.runconfig.log_step_count_steps or params.runconfig.save_summary_steps
        )
        self._dtype = compute_dtype(params.model.mixed_precision)
        self._weights = weights.create(params.model, params.runconfig.tf_random_seed, values)
        self._slots = {
            name: [_slot(name, slot, weight, values) for slot in optimizer.SLOTS]
            for name, weight in self._weights.items()
        }
        step = values.get(checkpoint.GLOBAL_STEP, 0)
        self._global_step = tf.Variable(step, dtype=tf.int64, trainable=False)
        xla = params.runconfig.xla
        # Without AutoGraph, as no branch here depends on a tensor: the first step comes sooner.
        self._step = tf.function(self._train_step, jit_compile=xla, autograph=False)
        self._predict = tf.function(
            self._predict_step, jit_compile=xla, autograph=False, reduce_retracing=not xla
        )

    def train(
        self,
        input_fn: Callable,
        max_steps: int,
        after_checkpoint: Callable[[int], None] = lambda step: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Trains until the global step is max_steps, from wherever it is.

        Args:
          input_fn: endless batches; as many as steps were taken before are skipped.
          after_checkpoint: called with the step after each checkpoint.
          should_stop: asked between steps; on true a checkpoint is written and training ends.
        Raises:
          Terminated: should_stop said so.
          UserError: the loss is NaN or Inf; the last checkpoint is from before.
        """
        step = int(self._global_step)
        saved = step or None  # the step of the newest checkpoint; at step 0 there is none
        if step >= max_steps:
            print(f"nothing to train: step {step} is at or beyond max_steps {max_steps}")
            return
        run = self._params.runconfig
        batch_size = self._params.train_input.batch_size
        progress = Progress(step, max_steps, batch_size, self._log_steps)
        batches = iter(input_fn(self._params).skip(step))
        writer = tf.summary.create_file_writer(self._model_dir)
        loop, seconds_per_step = self._train_loop(), SECONDS_PER_CALL
        while step < max_steps and not should_stop():
            count = self._steps_to_take(step, max_steps, seconds_per_step)
            started = time.monotonic()
            loss, norm, rate = (float(value) for value in loop(batches, tf.constant(count)))
            seconds = time.monotonic() - started
            step, seconds_per_step = step + count, seconds / count
            _check_finite(step, loss, norm, rate)
            speed = progress.update(count, seconds, loss, rate)
            if step % run.save_summary_steps == 0 or step == max_steps:
                _write_summaries(writer, step, loss, norm, rate, speed)
            if step % run.save_checkpoints_steps == 0 or step == max_steps:
                self._save(step)
                saved = step
                after_checkpoint(step)
        writer.close()
        if step < max_steps:
            if step != saved:
                self._save(step)
            raise Terminated(f"stopped by SIGTERM at step {step}; its checkpoint is written")
        progress.finish()

    def evaluate(
        self,
        input_fn: Callable,
        steps: Optional[int] = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Predictions:
        """The model's answers to every example of `input_fn`, each exactly once.

        Args:
          steps: batches to take; None takes all.
          should_stop: asked between batches.
        Raises:
          Terminated: should_stop said so.
        """
        dataset = input_fn(self._params)
        columns = []
        for features, labels in dataset if steps is None else dataset.take(steps):
            if should_stop():
                raise Terminated("stopped by SIGTERM in an evaluation; the next run does it again")
            is_real = features.pop("weights").numpy() > 0
            scores, losses = self._predict(features, labels)
            columns.append([value.numpy()[is_real] for value in (scores, labels, losses)])
        return Predictions(*(np.concatenate(column) for column in zip(*columns, strict=True)))

    def write_metrics(self, split: str, values: dict) -> None:
        """Adds an evaluation to TensorBoard's files under <model_dir>/eval_<split>."""
        writer = tf.summary.create_file_writer(os.path.join(self._model_dir, f"eval_{split}"))
        with writer.as_default(int(self._global_step)):
            for name, value in values.items():
                tf.summary.scalar(f"eval/{name}", value)
        writer.close()

    def _train_loop(self):
        @tf.function
        def loop(batches, count):
            """Takes `count` steps; returns the last one's (loss, gradient norm, learning rate)."""
            result = (0.0, 0.0, 0.0)
            for _ in tf.range(count):
                features, labels = next(batches)
                result = self._step(features, labels)
            return result

        return loop

    def _train_step(self, features, labels):
        params, step = self._params, self._global_step
        dropout = StatelessDropout(params.runconfig.tf_random_seed, step)
        with tf.GradientTape() as tape:
            scores = classifier.logits(self._weights, features, params.model, dropout, self._dtype)
            loss = tf.reduce_mean(classifier.losses(scores, labels))
        gradients = tape.gradient(loss, list(self._weights.values()))
        # The embeddings' gradients come as rows; the optimizer updates whole tables.
        gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
        gradients, norm = optimizer.clip(gradients, params.optimizer)
        rate = self._learning_rate()
        for (name, weight), gradient in zip(self._weights.items(), gradients, strict=True):
            self._update(name, weight, gradient, rate)
        step.assign_add(1)
        return loss, norm, rate

    def _update(self, name, weight, gradient, rate):
        options = self._params.optimizer
        m, v = self._slots[name]
        decay = optimizer.weight_decay(name, options)
        updated = optimizer.adamw(weight, m, v, gradient, rate, options, decay, self._global_step)
        for variable, value in zip((weight, m, v), updated, strict=True):
            variable.assign(value)

    def _learning_rate(self):
        options = self._params.optimizer
        return schedule.learning_rate(
            options.learning_rate, self._global_step, not options.disable_lr_steps_reset
        )

    def _predict_step(self, features, labels):
        scores = classifier.logits(
            self._weights, features, self._params.model, no_dropout, self._dtype
        )
        return scores, classifier.losses(scores, labels)

    def _steps_to_take(self, step, max_steps, seconds_per_step):
        """Steps for one call: up to the next summary, checkpoint or the end, and not too long."""
        run = self._params.runconfig
        periods = (self._log_steps, run.save_summary_steps, run.save_checkpoints_steps)
        until_boundary = min(n - step % n for n in periods)
        affordable = max(int(SECONDS_PER_CALL / seconds_per_step), 1)
        return min(STEPS_PER_CALL, affordable, until_boundary, max_steps - step)

    def _checkpointed(self):
        """{name in a checkpoint: variable}."""
        named = {checkpoint.GLOBAL_STEP: self._global_step, **self._weights}
        for name, slots in self._slots.items():
            for slot, variable in zip(optimizer.SLOTS, slots, strict=True):
                named[_slot_name(name, slot)] = variable
        return named

    def _save(self, step):
        tensors = {**self._checkpointed(), **LOSS_SCALE_STATE}
        checkpoint.save(self._model_dir, step, tensors, self._params.runconfig.keep_checkpoint_max)


def read_checkpoint(path: str, model: ModelConfig) -> dict:
    """What a training goes on from: {name: array} of weights, slots and global step.

    Raises:
      UserError: the checkpoint lacks variables, or has some of another shape; all are listed.
    """
    shapes = {checkpoint.GLOBAL_STEP: ()}
    for spec in variables.table(model):
        for name in (spec.name, *(_slot_name(spec.name, slot) for slot in optimizer.SLOTS)):
            shapes[name] = spec.shape
    values = checkpoint.read(path, shapes)
    faults = [
        f"  {name}: shape {values[name].shape}, the run has {shape}"
        for name, shape in shapes.items()
        if values[name].shape != shape
    ]
    if faults:
        raise UserError(
            f"the checkpoint {path} is of another model:\n" + "\n".join(faults) + "\n"
            "Use the configuration it was trained with, or another MODEL_DIR."
        )
    return values


def _slot(name, slot, weight, values):
    value = values.get(_slot_name(name, slot))
    return tf.Variable(tf.zeros_like(weight) if value is None else value, trainable=False)


def _slot_name(name, slot):
    return f"{name}/{slot}"


def compute_dtype(mixed_precision):
    """The dtype of the matrix products.

    Args: mixed_precision, false, bfloat16, float16, or true for what the devices have.
    """
    if mixed_precision is False:
        return tf.float32
    if mixed_precision is True and _has_bfloat16():
        return tf.bfloat16
    if mixed_precision == "bfloat16":
        return tf.bfloat16
    raise UserError(
        f"model.mixed_precision {str(mixed_precision).lower()} asks for float16, which needs "
        "dynamic loss scaling; that is not built yet. Use bfloat16 or false."
    )


def _has_bfloat16():
    """CPUs compute in it, GPUs from compute capability 8.0 on."""
    details = [
        tf.config.experimental.get_device_details(device)
        for device in tf.config.get_visible_devices("GPU")
    ]
    return all(detail.get("compute_capability", (0, 0)) >= (8, 0) for detail in details)


def visible_gpus() -> int:
    return len(tf.config.list_physical_devices("GPU"))


def use_cpu() -> None:
    """Keeps everything off the GPUs; before any TensorFlow operation."""
    tf.config.set_visible_devices([], "GPU")


def _check_finite(step, loss, norm, rate):
    if not (math.isfinite(loss) and math.isfinite(norm)):
        raise UserError(
            f"training diverged: at step {step} the loss is {loss}, the gradient norm {norm} and "
            f"the learning rate {rate:.2e}. Nothing was saved since the last checkpoint. Use a "
            "smaller learning rate, a longer warm-up, or optimizer.max_gradient_norm."
        )


def _write_summaries(writer, step, loss, norm, rate, speed):
    with writer.as_default(step):
        tf.summary.scalar("train/loss", loss)
        tf.summary.scalar("train/unclipped_grad_norm", norm)
        tf.summary.scalar("train/learning_rate", rate)
        if speed is not None:
            tf.summary.scalar("train/examples_per_second", speed)
    writer.flush()
