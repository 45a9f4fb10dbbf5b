"""Stops where numbers are no numbers any more."""

import numpy as np

from shared.errors import UserError


class DivergedError(UserError):
    """A training went wrong: its gradients, or the answers of its weights, are NaN or Inf."""


def check(scores: np.ndarray, split: str) -> None:
    """Raises DivergedError where a score is NaN or Inf."""
    if not np.isfinite(scores).all():
        raise DivergedError(
            f"the model answers NaN or Inf on split {split}; its training diverged. Train it again "
            "with a smaller learning rate."
        )
