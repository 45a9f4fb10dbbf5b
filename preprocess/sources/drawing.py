"""Which rows go to which split, where splits are shares of one.

The same rows for the same seed, wherever and in whatever order they are read: what decides is a
hash of the seed and the text, or of the seed and the group.
"""

from fractions import Fraction

import numpy as np

from preprocess import split_mix
from preprocess.sources.row_marks import Marks
from preprocess.sources.shares import Shares

_RARE = -1  # unlike the mark of any set of classes


def parts(marks: Marks, shares: Shares, is_stratified: bool, are_sets: bool = False) -> np.ndarray:
    """The part of each row, int64 [N]: 0 for what is left to train on, then one for each share.

    Args:
      is_stratified: whether the labels are classes; scores are drawn as if they were one class.
      are_sets: whether they are sets of classes; the rare ones are drawn as if they were one.
    """
    of_all = [1 - sum(dict(shares.of).values()), *dict(shares.of).values()]
    if not is_stratified:
        marks = marks._replace(labels=np.zeros(len(marks.labels)))
    if are_sets:
        marks = marks._replace(labels=_pooled(marks.labels, of_all))
    draw = by_group if shares.group else by_label
    return draw(marks, of_all, shares.seed)


def _pooled(labels: np.ndarray, shares: "list[Fraction]") -> np.ndarray:
    """The labels, with _RARE for those of which the smallest part would get less than a row: each
    of them alone would stay in the first part.

    >>> _pooled(np.array([7, 7, 7, 5, 6]), [Fraction(2, 3), Fraction(1, 3)]).tolist()
    [7, 7, 7, -1, -1]
    """
    _, which, counts = np.unique(labels, return_inverse=True, return_counts=True)
    return np.where((counts * min(shares) < 1)[which], _RARE, labels)


def by_label(marks: Marks, shares: "list[Fraction]", seed: int) -> np.ndarray:
    """The part of each row, int64 [N], so that every label is divided alike.

    The rows of a label, in the order of their hashes, are cut into the parts. Of each label a part
    gets its exact share, rounded up or down; the first part has a row of every label.

    Args: shares, of the parts; they add up to 1.
    """
    labels, counts = np.unique(marks.labels, return_counts=True)
    order = np.lexsort((marks.exact, _ranks(marks.folded, seed), marks.labels))
    quotas = np.array(_quotas(counts.tolist(), shares))
    parts = np.empty(len(order), np.int64)
    parts[order] = np.repeat(np.tile(np.arange(len(shares)), len(labels)), quotas.ravel())
    return parts


def _quotas(counts: "list[int]", shares: "list[Fraction]") -> "list[list[int]]":
    """How many rows of each label each part gets.

    What rounding takes from a part is owed to it at the next labels, so that the sums fit, too.

    >>> _quotas([10, 4, 4, 1], [Fraction(3, 4), Fraction(1, 4)])
    [[8, 2], [3, 1], [3, 1], [1, 0]]
    """
    quotas, owed = [], [Fraction(0)] * len(shares)
    for count in counts:
        exact = [count * share for share in shares]
        quota = [int(value) for value in exact]
        quota[0] = max(quota[0], 1)
        owed = [debt + value - got for debt, value, got in zip(owed, exact, quota, strict=True)]
        for _ in range(count - sum(quota)):
            part = max(np.flatnonzero(np.less(quota, exact)).tolist(), key=owed.__getitem__)
            quota[part] += 1
            owed[part] -= 1
        quotas.append(quota)
    return quotas


def by_group(marks: Marks, shares: "list[Fraction]", seed: int) -> np.ndarray:
    """As by_label, with the rows of a group in one part.

    Greedy: the groups, the largest first, those of one size in the order of their hashes; each goes
    to the part where the labels' counts x then come nearest to those wanted, w, by the sum of
    (x - w)^2 / w. So no part is promised an exact number.
    """
    groups, of_row = np.unique(marks.groups, return_inverse=True)
    labels, label_of_row = np.unique(marks.labels, return_inverse=True)
    cells, counts = np.unique(of_row * len(labels) + label_of_row, return_counts=True)
    ends = np.searchsorted(cells, np.arange(len(groups) + 1) * len(labels)).tolist()
    content = list(zip((cells % len(labels)).tolist(), counts.tolist(), strict=True))
    wanted = np.bincount(label_of_row) * np.array(shares, np.float64)[:, None]
    parts = _Parts(wanted.tolist())
    found = np.empty(len(groups), np.int64)
    for group in np.lexsort((_ranks(groups, seed), -np.bincount(of_row))).tolist():
        found[group] = parts.place(content[ends[group] : ends[group + 1]])
    return found[of_row]


class _Parts:
    """How many rows of each label each part has and wants."""

    def __init__(self, wanted: "list[list[float]]"):
        self._wanted = wanted
        self._have = [[0] * len(of_part) for of_part in wanted]

    def place(self, group: "list[tuple[int, int]]") -> int:
        """Args: group, [(label, rows)]; returns the part that it goes to."""
        part = min(range(len(self._wanted)), key=lambda part: self._cost(part, group))
        for label, rows in group:
            self._have[part][label] += rows
        return part

    def _cost(self, part: int, group: "list[tuple[int, int]]") -> float:
        """By how much the sum of (x - w)^2 / w grows."""
        have, wanted = self._have[part], self._wanted[part]
        return sum(
            rows * (rows + 2 * (have[label] - wanted[label])) / wanted[label]
            for label, rows in group
        )


def _ranks(hashes: np.ndarray, seed: int) -> np.ndarray:
    """Other hashes for every seed, as SplitMix64 makes numbers of its states."""
    return split_mix.mixed(hashes + np.uint64((seed + 1) * 0x9E3779B97F4A7C15 % 2**64))
