"""GLUE's metrics in numpy, computed once over all predictions of a split."""

import numpy as np


def compute(names, scores, labels):
    """{metric: value} for the metric names of a task.

    Args:
      names: keys of METRICS.
      scores: float [N, C], the model's logits; C = 1 for a regression task.
      labels: [N], int classes or float scores.
    """
    predictions = scores[:, 0] if scores.shape[1] == 1 else scores.argmax(axis=1)
    return {name: METRICS[name](predictions, labels) for name in names}


def _accuracy(predictions, labels):
    """Share of equal ones."""
    return float(np.mean(predictions == labels))


def _f1(predictions, labels):
    """2 TP / (2 TP + FP + FN) of class 1; 0 where there is neither."""
    true_positives = np.sum((predictions == 1) & (labels == 1))
    positives = np.sum(predictions == 1) + np.sum(labels == 1)
    return float(2 * true_positives / positives) if positives else 0.0


def _matthews(predictions, labels):
    """Matthews' correlation for any number of classes (Gorodkin 2004): Pearson's over the one-hot
    forms. 0 where one side is constant (it is undefined there)."""
    classes = np.union1d(predictions, labels)
    x, y = (np.equal.outer(side, classes) - 0.0 for side in (predictions, labels))
    return _correlation(x - x.mean(axis=0), y - y.mean(axis=0))


def _pearson(predictions, labels):
    """Pearson's correlation; 0 where one side is constant (it is undefined there)."""
    x, y = np.asarray(predictions, np.float64), np.asarray(labels, np.float64)
    return _correlation(x - x.mean(), y - y.mean())


def _correlation(x, y):
    """Args: x, y, centred."""
    size = np.sqrt(np.sum(x * x) * np.sum(y * y))
    return float(np.sum(x * y) / size) if size else 0.0


def _spearman(predictions, labels):
    """Pearson's correlation of the ranks; equal values share their mean rank."""
    return _pearson(_ranks(predictions), _ranks(labels))


def _ranks(values):
    """[10, 20, 20, 30] -> [1, 2.5, 2.5, 4]."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2.0)[group]


METRICS = {
    "accuracy": _accuracy,
    "f1": _f1,
    "matthews_correlation": _matthews,
    "pearson": _pearson,
    "spearman": _spearman,
}
