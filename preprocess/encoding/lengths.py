"""Statistics of the lengths of a split's texts: percentiles, a histogram, the cost of a length."""

from dataclasses import dataclass
from itertools import accumulate

# BERT-base, for the cost of a training step (https://arxiv.org/abs/1810.04805).
_LAYERS, _HIDDEN = 12, 768
PERCENTILES = (5, 25, 50, 75, 95, 99)
CANDIDATES = (32, 48, 64, 96, 128, 160, 192, 256, 320, 384, 448, 512)


@dataclass(frozen=True)
class Price:
    """What one max_sequence_length would mean for a split.

    Attributes:
      max_sequence_length: the length.
      truncated: rows that would lose tokens.
      tokens_cut: share of all tokens that would be lost.
      padding: share of the records' positions that would be padding.
      gflop: a training step of BERT-base for one example of that length, in 10^9 operations.
    """

    max_sequence_length: int
    truncated: int
    tokens_cut: float
    padding: float
    gflop: float


def percentile(histogram: "dict[int, int]", percent: float) -> int:
    """The smallest length that at least `percent` % of the rows do not exceed.

    >>> [percentile({3: 1, 5: 2, 9: 1}, percent) for percent in (0, 25, 26, 75, 100)]
    [3, 3, 5, 5, 9]
    """
    lengths = sorted(histogram)
    below = accumulate(histogram[length] for length in lengths)
    wanted = sum(histogram.values()) * percent / 100
    return next(length for length, rows in zip(lengths, below, strict=True) if rows >= wanted)


def longer(histogram: "dict[int, int]", max_sequence_length: int) -> int:
    """How many rows this length would truncate.

    >>> longer({3: 1, 5: 2, 9: 1}, 4)
    3
    """
    return sum(rows for length, rows in histogram.items() if length > max_sequence_length)


def mean(histogram: "dict[int, int]") -> float:
    return sum(length * rows for length, rows in histogram.items()) / sum(histogram.values())


def bins(histogram: "dict[int, int]", count: int) -> "list[tuple[int, int, int]]":
    """(first length, last length, rows) of at most `count` bins of equal width.

    >>> bins({3: 1, 5: 2, 9: 1}, 3)
    [(3, 5, 3), (6, 8, 0), (9, 11, 1)]
    """
    first, last = min(histogram), max(histogram)
    width = -(-(last - first + 1) // count)
    return [
        (start, start + width - 1, sum(histogram.get(start + k, 0) for k in range(width)))
        for start in range(first, last + 1, width)
    ]


def price(histogram: "dict[int, int]", max_sequence_length: int) -> Price:
    """What one length costs.

    >>> found = price({3: 1, 5: 2, 9: 1}, 6)  # 3 of 22 tokens are cut, 5 of 24 positions padding
    >>> found.truncated, round(found.tokens_cut, 3), round(found.padding, 3)
    (1, 0.136, 0.208)
    """
    rows, tokens = sum(histogram.values()), sum(n * rows for n, rows in histogram.items())
    kept = sum(min(n, max_sequence_length) * rows for n, rows in histogram.items())
    return Price(
        max_sequence_length=max_sequence_length,
        truncated=longer(histogram, max_sequence_length),
        tokens_cut=1 - kept / tokens,
        padding=1 - kept / (max_sequence_length * rows),
        gflop=gflop_per_step(max_sequence_length),
    )


def gflop_per_step(length: int) -> float:
    """Forward and backward through BERT-base for one example: matrix products only, 2 operations
    a multiplication, the backward pass counted as two forward passes. Every layer counts fully, as
    on wse; gpu and cpu skip most of the last one (train/model/flops.py).

    >>> round(gflop_per_step(128))
    67
    """
    dense = 24 * length * _HIDDEN**2  # four projections and two feed-forward layers
    attention = 4 * length**2 * _HIDDEN
    return 3 * _LAYERS * (dense + attention) / 1e9
