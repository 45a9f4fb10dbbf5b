"""Ranks, which the metrics that only look at the order are made of."""

import numpy as np


def ranks(values):
    """From 1; equal values share their mean rank. NaN has no rank and stays NaN.

    >>> ranks(np.array([10, 20, 20, 30])).tolist()
    [1.0, 2.5, 2.5, 4.0]
    """
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.where(np.isnan(values), np.nan, (last - (counts - 1) / 2.0)[group])
