"""TensorBoard's files of a training."""

import tensorflow as tf

# The Model Zoo's names, where they are not those of step.Report; None is left out.
_TAGS = {"gradient_norm": "unclipped_grad_norm", "skipped_in_a_row": None}


class Summaries:
    """Writes what steps report; a context manager."""

    def __init__(self, folder, every_steps):
        self._writer, self._every = tf.summary.create_file_writer(folder), every_steps

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._writer.close()

    def write(self, step, report, speed, is_last):
        """Writes at every `every_steps` steps and at the last one; speed, examples/s or None."""
        if step % self._every and not is_last:
            return
        with self._writer.as_default(step):
            for name, value in report._asdict().items():
                tag = _TAGS.get(name, name)
                if tag is not None:
                    tf.summary.scalar(f"train/{tag}", value)
            if speed is not None:
                tf.summary.scalar("train/examples_per_second", speed)
        self._writer.flush()
