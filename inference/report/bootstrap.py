"""Intervals of scores: the percentile bootstrap (Efron 1979), with a fixed seed."""

from typing import Any, Callable, Dict, List

import numpy as np

from inference.report import classes
from inference.report.classes import Cells

LEVEL = 0.95
_SEED = 0
_RESAMPLES = 1000
# Drawing rows takes time: above this many in all there are fewer resamples, but never so few.
_DRAWN_ROWS, _FEWEST = 2 * 10**8, 200


def of_cells(found: Cells) -> Dict[str, Any]:
    """Intervals of classes.scores.

    Scores depend on the confusion matrix only, and that of N rows drawn with replacement is a draw
    from the multinomial distribution of its cells: exact, and no slower for a million rows.

    Returns:
      {"level", "resamples", "intervals": {metric: [low, high]}}.
    """
    return of_kinds(found.rows, lambda rows: classes.scores(found._replace(rows=rows)))


def of_kinds(rows: np.ndarray, score: "Callable[[np.ndarray], Dict[str, float]]") -> Dict[str, Any]:
    """The same for scores that depend on how many rows there are of each of K kinds.

    Args: rows, int [K]; score, a function of such numbers.
    """
    total = int(rows.sum())
    shares = rows / total
    return _intervals(lambda generator: score(generator.multinomial(total, shares)), _RESAMPLES)


def of_rows(examples: int, score: "Callable[[np.ndarray], Dict[str, float]]") -> Dict[str, Any]:
    """The same for scores that need the rows; args: score, of the rows of these numbers [N]."""
    resamples = min(_RESAMPLES, max(_FEWEST, _DRAWN_ROWS // examples))
    return _intervals(
        lambda generator: score(generator.integers(examples, size=examples)), resamples
    )


def _intervals(draw: Callable, resamples: int) -> Dict[str, Any]:
    generator = np.random.default_rng(_SEED)
    drawn: "List[Dict[str, float]]" = [draw(generator) for _ in range(resamples)]
    outside = (1 - LEVEL) / 2
    ends = [100 * outside, 100 * (1 - outside)]
    return {
        "level": LEVEL,
        "resamples": resamples,
        "intervals": {
            name: np.percentile([sample[name] for sample in drawn], ends).tolist()
            for name in drawn[0]
        },
    }
