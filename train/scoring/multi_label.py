"""Answers with several classes a row, by a threshold for each class, and their metrics."""

import numpy as np

from shared import metric_names


def probabilities(logits):
    """The sigmoid of float [N, C], float64.

    >>> probabilities(np.array([[0.0, -1000.0]])).tolist()
    [[0.5, 0.0]]
    """
    return np.exp(-np.logaddexp(0, -logits.astype(np.float64)))


def chosen(logits, thresholds):
    """bool [N, C]: the classes whose probability reaches their threshold; args: thresholds [C]."""
    return probabilities(logits) >= thresholds


def named(has, label_names):
    """The names of a row's classes, in their order; args: has, 0 or 1 for each class, [C].

    >>> named([1, 0, 1], ("a", "b", "c"))
    ['a', 'c']
    """
    return [name for name, is_one in zip(label_names, has) if is_one]


def compute(names, answers, labels, label_names):
    """{metric: value}, as scikit-learn has it; args: answers, labels, 0 or 1, [N, C]."""
    is_answered, is_true = answers == 1, labels == 1
    hits, sizes = (
        np.sum(is_answered & is_true, axis=0),
        is_answered.sum(axis=0) + is_true.sum(axis=0),
    )

    def value(name):
        of_class = metric_names.f1_class(name)
        if of_class is not None:
            return float(_f1(hits, sizes)[list(label_names).index(of_class)])
        return float(METRICS[name](is_answered, is_true, hits, sizes))

    return {name: value(name) for name in names}


def constant(answers):
    """The classes that every one of several rows gets, bool [C]; None if answers differ."""
    return answers[0] if len(answers) > 1 and np.all(answers == answers[0]) else None


def _f1(hits, sizes):
    """2 TP / (2 TP + FP + FN) of each class; 0 where all of them are 0."""
    return np.divide(2.0 * hits, sizes, out=np.zeros(np.shape(hits)), where=sizes > 0)


# Functions of answers and labels, bool [N, C], and of rows per class that are both, hits, and that
# are answered plus those that are true, sizes.
METRICS = {
    "f1_micro": lambda answers, labels, hits, sizes: _f1(np.sum(hits), np.sum(sizes)),
    "f1_macro": lambda answers, labels, hits, sizes: np.mean(_f1(hits, sizes)),
    "accuracy": lambda answers, labels, hits, sizes: np.mean((answers == labels).all(axis=1)),
}
