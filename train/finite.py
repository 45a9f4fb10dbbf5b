"""Stops where a model answers with what is no number."""

import numpy as np

from shared.errors import UserError


def check(scores: np.ndarray, split: str) -> None:
    """Raises UserError where a score is NaN or Inf."""
    if not np.isfinite(scores).all():
        raise UserError(
            f"the model answers NaN or Inf on split {split}; its training diverged. Train it again "
            "with a smaller learning rate."
        )
