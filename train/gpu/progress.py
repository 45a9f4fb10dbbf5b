"""What a training run prints: progress lines, and a last one with its throughput."""

from shared.clock import clock

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
