"""The metrics that a task can be judged by: what they are of, and which way is better.

train/scoring/ computes them.
"""

from typing import NamedTuple, Optional, Tuple

from shared.errors import UserError
from shared.suggest import unknown


class Metric(NamedTuple):
    """Attributes:
    of_classes, of_scores, of_multi_label: which tasks it judges.
    is_lower_better: by default the greater value is the better one.
    is_bounded: whether it lies within -1 and 1.
    """

    of_classes: bool = False
    of_scores: bool = False
    of_multi_label: bool = False
    is_lower_better: bool = False
    is_bounded: bool = True


F1, LOSS = "f1", "loss"  # F1 is that of class 1, for two classes
_CLASSES, _SCORES = Metric(of_classes=True), Metric(of_scores=True)
TABLE = {
    "accuracy": Metric(of_classes=True, of_multi_label=True),
    "balanced_accuracy": _CLASSES,
    F1: _CLASSES,
    "f1_macro": Metric(of_classes=True, of_multi_label=True),
    "f1_micro": Metric(of_multi_label=True),
    "f1_weighted": _CLASSES,
    "matthews_correlation": _CLASSES,
    "roc_auc": _CLASSES,
    "average_precision": _CLASSES,
    "log_loss": Metric(of_classes=True, is_lower_better=True, is_bounded=False),
    "ece": Metric(of_classes=True, is_lower_better=True),
    "pearson": _SCORES,
    "spearman": _SCORES,
    "mse": Metric(of_scores=True, is_lower_better=True, is_bounded=False),
    LOSS: Metric(
        of_classes=True,
        of_scores=True,
        of_multi_label=True,
        is_lower_better=True,
        is_bounded=False,
    ),
}
# {what a configuration may say: what files and lines say}
SHORT = {"mcc": "matthews_correlation"}
_F1_OF = F1 + ":"  # followed by the name of a class
F1_OF_CLASS = _F1_OF + "<class>"  # in messages


def f1_class(metric: str) -> Optional[str]:
    """The class that a metric is about: urgent for f1:urgent; None for other metrics."""
    return metric[len(_F1_OF) :] if metric.startswith(_F1_OF) else None


def gain(metric: str, value: float) -> float:
    """A number that is greater for a better value.

    >>> gain("f1:urgent", 0.5), gain("log_loss", 0.5)
    (0.5, -0.5)
    """
    return -value if _facts(metric).is_lower_better else value


def is_bounded(metric: str) -> bool:
    """Whether it lies within -1 and 1."""
    return _facts(metric).is_bounded


def _facts(metric: str) -> Metric:
    return TABLE[metric if f1_class(metric) is None else F1]


def check(where: str, metric: str, manifest) -> None:
    """Checks that answers on a dataset can be judged by a metric.

    Args: where, the key that names it, for the message.
    Raises:
      UserError: it cannot be computed there; those that can are listed.
    """
    classes, of_class = manifest.label_names or (), f1_class(metric)
    if classes and of_class is not None:
        if of_class not in classes:
            raise UserError(f"{where} is {metric}: " + unknown("class", of_class, classes))
        return
    possible = _possible(manifest)
    if metric not in possible:
        listed = ", ".join([*possible, F1_OF_CLASS] if classes else possible)
        raise UserError(f"{where} is {metric}, but {manifest.task} can be judged by {listed}")


def _possible(manifest) -> Tuple[str, ...]:
    """The metrics whose names hold no class."""
    if manifest.is_regression:
        return tuple(name for name, metric in TABLE.items() if metric.of_scores)
    if manifest.is_multi_label:
        return tuple(name for name, metric in TABLE.items() if metric.of_multi_label)
    of_classes = (name for name, metric in TABLE.items() if metric.of_classes)
    return tuple(name for name in of_classes if name != F1 or manifest.num_labels == 2)
