"""How much the training rows of a dataset count, in a few numbers that its manifest keeps."""

import math
from dataclasses import dataclass

from shared import shown


@dataclass(frozen=True)
class RowWeights:
    """Those of N rows, of a text in windows one: their minimum, mean and maximum."""

    minimum: float
    mean: float
    maximum: float

    def in_words(self) -> str:
        """
        >>> RowWeights(0.5, 1.25, 3.0).in_words()
        'from 0.5 to 3, 1.25 on average'
        """
        return f"from {self.minimum:g} to {self.maximum:g}, {self.mean:.4g} on average"

    def of_column(self, name: str) -> str:
        """
        >>> RowWeights(1.0, 1.0, 1.0).of_column("trust")
        "training rows weigh from 1 to 1, 1 on average (column 'trust')"
        """
        return f"training rows weigh {self.in_words()} (column {shown.value(name)})"


def of(weights) -> RowWeights:
    """
    >>> import numpy as np
    >>> of(np.array([3, 0.5, 1], np.float32))
    RowWeights(minimum=0.5, mean=1.5, maximum=3.0)

    Args: weights, float32 [N], N > 0.
    """
    mean = math.fsum(weights.tolist()) / len(weights)  # the same in any order, on any machine
    return RowWeights(float(weights.min()), mean, float(weights.max()))
