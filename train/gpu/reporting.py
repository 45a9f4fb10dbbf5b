"""What a training run prints: progress lines, and a last one with its throughput."""

import contextlib
import glob
import os
import time
import uuid

import tensorflow as tf

from shared.clock import clock
from shared.errors import of_library
from train.gpu import metrics_log

LONGEST_SILENCE_SECONDS = 10.0
# Above this share of waiting, training is limited by the input, not by the step.
STARVED_SHARE = 0.05


class Progress:
    """Prints lines like

        step 400/2000  loss 0.4127  lr 5.00e-05  1,894 examples/s  ETA 0:27

    Only time spent in training steps counts, not checkpoints and evaluations.
    """

    def __init__(self, first_step, last_step, batch_size, every_steps, log=print):
        """Args: the first and the last step of a run; every_steps, between two lines."""
        self._first, self._last = first_step, last_step
        self._batch_size, self._every = batch_size, every_steps
        self._log = log
        self._seconds = self._line_seconds = self._waited = 0.0
        self._step = self._line_step = first_step

    def update(self, steps, seconds, waited, loss, learning_rate):
        """Counts steps that took `seconds`, and prints when a line is due.

        Args: waited, how many of the seconds they waited for input.
        Returns: examples/s since the last line if it printed, else None.
        """
        self._step += steps
        self._seconds += seconds
        self._waited += waited
        passed = self._seconds - self._line_seconds
        is_due = self._step // self._every > self._line_step // self._every
        if not is_due and self._step != self._last and passed < LONGEST_SILENCE_SECONDS:
            return None
        seconds_per_step = max(passed, 1e-9) / (self._step - self._line_step)
        rate = self._batch_size / seconds_per_step
        self._log(
            f"step {self._step}/{self._last}  loss {loss:.4f}  lr {learning_rate:.2e}  "
            f"{rate:,.0f} examples/s  ETA {clock(seconds_per_step * (self._last - self._step))}"
        )
        self._line_seconds, self._line_step = self._seconds, self._step
        return rate

    def finish(self):
        """The last lines: samples, seconds and their ratio over the whole run; and whether the
        input kept up."""
        samples = (self._step - self._first) * self._batch_size
        self._log(
            f"Training finished with {samples:,} samples in {self._seconds:.1f} s, "
            f"{samples / max(self._seconds, 1e-9):,.1f} samples/s "
            f"(steps {self._first} to {self._step})"
        )
        self._log(_verdict(self._waited, self._seconds))


def _verdict(waited, seconds):
    share = waited / max(seconds, 1e-9)
    found = f"steps waited {waited:.1f} of {seconds:.1f} s for it ({share:.1%})"
    if share <= STARVED_SHARE:
        return f"Input kept up: {found}"
    return (
        f"Input is too slow: {found}. A split within train_input.memory_limit_gb is read from "
        "memory; a streamed one is faster with more shards (--num_shards)"
    )


# The Model Zoo's names if they differ from step.Report's; None is left out.
_TAGS = {"gradient_norm": "unclipped_grad_norm", "skipped_in_a_row": None}


def mark_restart(model_dir: str, step: int) -> None:
    """Tells TensorBoard to forget what earlier runs have logged from `step` on: the training has
    gone back, or was killed after it had logged more than it saved.

    TensorBoard takes the first mark in a folder for the beginning, so there are two.
    """
    log = tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START)
    mark = tf.compat.v1.Event(wall_time=time.time(), step=step, session_log=log)
    evaluations = glob.glob(os.path.join(glob.escape(model_dir), "eval_*", ""))
    for folder in [model_dir, *evaluations]:
        with writable(folder):
            writer = tf.raw_ops.SummaryWriter(shared_name=uuid.uuid4().hex)
            tf.raw_ops.CreateSummaryFileWriter(
                writer=writer, logdir=folder, max_queue=2, flush_millis=1000, filename_suffix=".v2"
            )
            for _ in range(2):
                tf.raw_ops.ImportEvent(writer=writer, event=mark.SerializeToString())
            tf.raw_ops.CloseSummaryWriter(writer=writer)


@contextlib.contextmanager
def writable(folder: str):
    """Raises UserError if TensorBoard's files cannot be written to the folder inside the block."""
    try:
        yield
    except tf.errors.OpError as error:
        raise of_library(error, f"TensorBoard's files in {folder}") or error from None


class Summaries:
    """Writes the steps' reports for TensorBoard and metrics.jsonl; a context manager."""

    def __init__(self, folder, every_steps, is_chief=True):
        """Args: is_chief, whether metrics.jsonl is this worker's to write."""
        self._folder, self._every, self._is_chief = folder, every_steps, is_chief
        with writable(folder):
            self._writer = tf.summary.create_file_writer(folder)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with writable(self._folder):
            self._writer.close()

    def write(self, step, report, speed, is_last):
        """Writes at every `every_steps` steps and at the last one; speed, examples/s or None."""
        if step % self._every and not is_last:
            return
        values = _tagged(report, speed)
        with writable(self._folder), self._writer.as_default(step):
            for tag, value in values.items():
                tf.summary.scalar(tag, value)
            self._writer.flush()
        if self._is_chief:
            metrics_log.append(self._folder, step, values)


def _tagged(report, speed):
    """{tag: number} of a step's report."""
    tags = {name: _TAGS.get(name, name) for name in report._fields}
    values = {f"train/{tag}": getattr(report, name) for name, tag in tags.items() if tag}
    return values if speed is None else {**values, "train/examples_per_second": speed}
