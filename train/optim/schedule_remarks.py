"""What is odd about a learning rate over a whole training, told before it begins."""

from typing import List

import numpy as np

from shared.config import OptimizerConfig
from train.optim import schedule

_MOST_STEPS = 100_000  # that are looked at; of a longer training evenly spaced ones


def remarks(options: OptimizerConfig, last_step: int) -> List[str]:
    """A line if the steps up to last_step do not use the schedule as it is meant."""
    steps = np.unique(np.linspace(0, last_step, min(last_step, _MOST_STEPS) + 1).astype(np.int64))
    reset_steps = not options.disable_lr_steps_reset
    rates = schedule.learning_rate(options.learning_rate, steps, reset_steps).numpy()
    rates = np.broadcast_to(rates, steps.shape)
    positive = np.flatnonzero(rates[:-1] > 0)
    if not len(positive):
        return [f"the learning rate is 0 in every step up to {last_step}: no weight will change"]
    unused = positive[-1] + 1
    if unused < len(steps) - 1:
        return [
            f"the learning rate is 0 from step {steps[unused]} on: the steps up to {last_step} "
            "change no weight; end there, or make the schedule longer"
        ]
    if np.all(np.diff(rates) > 0):
        return [
            f"the learning rate rises up to the last step, to {rates[-2]:.2e}: the warm-up is "
            f"longer than the training of {last_step} steps"
        ]
    return []
