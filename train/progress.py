"""What a training run prints: a line now and then, and a last one with its throughput."""

import time

LONGEST_SILENCE_SECONDS = 10.0


class Progress:
    """Prints lines like

    step 400/2000  loss 0.4127  lr 5.00e-05  1,894 examples/s  ETA 0:27
    """

    def __init__(self, first_step, last_step, batch_size, every_steps, log=print):
        """Args: the steps a run begins and ends with; every_steps, between two lines."""
        self._first, self._last = first_step, last_step
        self._batch_size, self._every = batch_size, every_steps
        self._log = log
        self._started = self._line_time = time.monotonic()
        self._line_step = first_step

    def update(self, step, loss, learning_rate):
        """Prints when it is time; returns examples/s since the last line if it printed."""
        now = time.monotonic()
        is_due = step // self._every > self._line_step // self._every or step == self._last
        if not is_due and now - self._line_time < LONGEST_SILENCE_SECONDS:
            return None
        seconds_per_step = (now - self._line_time) / (step - self._line_step)
        rate = self._batch_size / seconds_per_step
        self._log(
            f"step {step}/{self._last}  loss {loss:.4f}  lr {learning_rate:.2e}  "
            f"{rate:,.0f} examples/s  ETA {_clock(seconds_per_step * (self._last - step))}"
        )
        self._line_time, self._line_step = now, step
        return rate

    def finish(self, step):
        """The last line: samples, seconds and their ratio over the whole run."""
        samples = (step - self._first) * self._batch_size
        seconds = time.monotonic() - self._started
        self._log(
            f"Training finished with {samples:,} samples in {seconds:.1f} s, "
            f"{samples / seconds:,.1f} samples/s (steps {self._first} to {step})"
        )


def _clock(seconds):
    """75 -> 1:15, 3675 -> 1:01:15."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
