"""Whether confidence, the probability of the answer, is the share of right answers."""

import numpy as np

BINS = 15  # of equal width, as in Guo et al. 2017, https://arxiv.org/abs/1706.04599


def bins(confidence, right):
    """(rows, sum of confidence, right rows) of each bin, [BINS] each.

    Bin k has the confidences from k / BINS on and below (k + 1) / BINS; the last one has 1, too.

    Args:
      confidence: float64 [N], 0 to 1.
      right: bool [N], whether the answer is right.
    """
    of_row = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return tuple(np.bincount(of_row, values, BINS) for values in (None, confidence, right))


def expected_error(confidence, right):
    """The expected calibration error: |mean confidence - share of right answers| of each bin,
    weighted by its share of the rows. Args: as of `bins`.

    >>> confidence, right = np.array([0.9, 0.9, 0.5]), np.array([True, False, True])
    >>> round(expected_error(confidence, right), 4)  # (|1.8 - 1| + |0.5 - 1|) / 3
    0.4333
    """
    _, sums, hits = bins(confidence, right)
    return float(np.sum(np.abs(sums - hits)) / len(confidence))
