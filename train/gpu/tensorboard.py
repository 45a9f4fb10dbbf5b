"""What a training run writes for TensorBoard, and for metrics.jsonl the same."""

import contextlib
import glob
import os
import time
import uuid

import tensorflow as tf

from shared.errors import of_library
from train.gpu import metrics_log

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
