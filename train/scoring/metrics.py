"""Metrics in numpy, computed once over all predictions of a split."""

import numpy as np

from shared import metric_names
from train.scoring import multi_label, probability_metrics
from train.scoring.answers import softmax
from train.scoring.ranks import ranks


def compute(names, scores, labels, label_names=(), thresholds=None):
    """{metric: value}.

    Args:
      names: in shared/metric_names.py, but for the loss; or f1:<class>.
      scores: float [N, C], the model's logits; C = 1 for a regression task.
      labels: [N], int classes or float scores; [N, C], 0 or 1, of multi-label data.
      label_names: the classes, for f1:<class>.
      thresholds: float [C], of multi-label data; else None.
    """
    if thresholds is not None:
        answers = multi_label.chosen(scores, thresholds)
        return multi_label.compute(names, answers, labels, label_names)
    predictions = _predictions(scores)

    def value(name):
        of_class = metric_names.f1_class(name)
        if of_class is not None:
            return _f1_of(predictions, labels, list(label_names).index(of_class))
        if name in probability_metrics.METRICS:
            return probability_metrics.METRICS[name](softmax(scores), labels)
        return METRICS[name](predictions, labels)

    return {name: value(name) for name in names}


def constant_prediction(scores):
    """What is predicted for every one of several examples; None if predictions differ.

    A failed training often ends like this, and accuracy alone does not show it.

    >>> constant_prediction(np.array([[3.0, 1.0], [0.5, 0.2]]))
    0

    Args:
      scores: as in `compute`.
    Returns:
      int, a class; or float, the score of a regression task; or None, also for a single example.
    """
    return constant(_predictions(scores))


def constant(predictions):
    """The same of predictions, [N] classes or scores."""
    return predictions[0].item() if len(predictions) > 1 and _is_constant(predictions) else None


def _predictions(scores):
    """[N]: classes (the first of equal logits), or the scores of a regression task."""
    return scores[:, 0] if scores.shape[1] == 1 else scores.argmax(axis=1)


def _is_constant(values):
    return bool(np.all(values == values[0]))


def _accuracy(predictions, labels):
    """Share of equal ones."""
    return float(np.mean(predictions == labels))


def _balanced_accuracy(predictions, labels):
    """The mean over the true classes of the share of their rows that get the right answer."""
    is_right = predictions == labels
    return float(np.mean([np.mean(is_right[labels == of_class]) for of_class in np.unique(labels)]))


def _f1(predictions, labels):
    """F1 of class 1."""
    return _f1_of(predictions, labels, 1)


def _f1_of(predictions, labels, of_class):
    """2 TP / (2 TP + FP + FN) of a class; 0 if all of them are 0."""
    true_positives = np.sum((predictions == of_class) & (labels == of_class))
    positives = np.sum(predictions == of_class) + np.sum(labels == of_class)
    return float(2 * true_positives / positives) if positives else 0.0


def _f1_macro(predictions, labels):
    """The mean F1 of all classes that are predicted or true somewhere."""
    classes = np.union1d(predictions, labels)
    return float(np.mean([_f1_of(predictions, labels, of_class) for of_class in classes]))


def _f1_weighted(predictions, labels):
    """The mean F1 of the true classes, weighted by their rows."""
    classes, rows = np.unique(labels, return_counts=True)
    found = [_f1_of(predictions, labels, of_class) for of_class in classes]
    return float(np.average(found, weights=rows))


def _matthews(predictions, labels):
    """Matthews' correlation for any number of classes (Gorodkin 2004): Pearson's over the one-hot
    forms. 0 if one side is constant (it is undefined then)."""
    classes = np.union1d(predictions, labels)
    x, y = (np.equal.outer(side, classes) - 0.0 for side in (predictions, labels))
    return _correlation(x - x.mean(axis=0), y - y.mean(axis=0))


def _pearson(predictions, labels):
    """Pearson's correlation; 0 if one side is constant (it is undefined then)."""
    x, y = np.asarray(predictions, np.float64), np.asarray(labels, np.float64)
    if _is_constant(x) or _is_constant(y):  # minus their mean, rounding could leave them equal
        return 0.0
    return _correlation(x - x.mean(), y - y.mean())


def _correlation(x, y):
    """Args: x, y, centred. Scaled first, so that no square overflows float64."""
    x, y = (side / (np.max(np.abs(side)) or 1.0) for side in (x, y))
    size = np.sqrt(np.sum(x * x)) * np.sqrt(np.sum(y * y))
    return float(np.clip(np.sum(x * y) / size, -1.0, 1.0)) if size else 0.0


def _spearman(predictions, labels):
    """Pearson's correlation of the ranks; equal values share their mean rank."""
    return _pearson(ranks(predictions), ranks(labels))


def _mean_squared_error(predictions, labels):
    differences = np.asarray(predictions, np.float64) - labels
    return float(np.mean(differences * differences))


# Of predictions, [N] classes or scores, and labels; those of probabilities are in their own file.
METRICS = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "f1": _f1,
    "f1_macro": _f1_macro,
    "f1_weighted": _f1_weighted,
    "matthews_correlation": _matthews,
    "pearson": _pearson,
    "spearman": _spearman,
    "mse": _mean_squared_error,
}
