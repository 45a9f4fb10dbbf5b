"""The answer to a document from those to its windows (shared/windows.py)."""

import numpy as np

from shared import windows

_MEAN = "mean"  # of model.window_pooling, whose other value is max


def pooled(scores: np.ndarray, documents: np.ndarray, pooling: str) -> np.ndarray:
    """The logits of documents, float32 [D, C]: for each class the mean or maximum of the windows'.

    >>> logits = np.array([[1, 0], [3, -1], [5, 5]], np.float32)
    >>> pooled(logits, np.array([0, 0, 1]), "mean").tolist()
    [[2.0, -0.5], [5.0, 5.0]]
    >>> pooled(logits, np.array([0, 0, 1]), "max").tolist()
    [[3.0, 0.0], [5.0, 5.0]]

    Args:
      scores: float32 [N, C], of the windows.
      documents: int64 [N], of which document each is, in order.
      pooling: model.window_pooling.
    """
    starts = windows.firsts(documents)
    if pooling != _MEAN:
        return np.maximum.reduceat(scores, starts)
    sums = np.add.reduceat(scores, starts, dtype=np.float64)
    counts = np.diff(np.append(starts, len(documents)))
    return (sums / counts[:, np.newaxis]).astype(np.float32)
