"""The figures of one prediction file, as report.json has them."""

from typing import Any, Dict

from inference.report import bootstrap, calibration, classes, multi_label, scores
from inference.report.predictions import Predictions
from train.scoring import metrics
from train.scoring import multi_label as label_sets


def of_predictions(found: Predictions) -> Dict[str, Any]:
    """What report.json has below predictions.<split>; docs/report.md describes it."""
    if found.label_names is None:
        of_kind = _of_scores(found)
    else:
        of_kind = _of_label_sets(found) if found.is_multi_label else _of_classes(found)
    return {
        "file": found.path,
        "examples": len(found.given),
        "not_given": found.not_given,
        "unknown_labels": found.unknown,
        "constant": _constant(found),
        **of_kind,
        "mistakes": found.mistakes,
    }


def _constant(found: Predictions) -> Any:
    """The label, list of labels or score that every one of several rows gets; None if answers
    differ."""
    if found.is_multi_label:
        is_answer = label_sets.constant(found.answers)
        return None if is_answer is None else label_sets.named(is_answer, found.label_names)
    constant = metrics.constant(found.answers)
    if constant is None or found.label_names is None:
        return constant
    return found.label_names[constant]


def _of_classes(found: Predictions) -> Dict[str, Any]:
    names = found.label_names
    cells = classes.cells(found.given, found.answers, len(names))
    table, matrix = classes.table(cells, names), classes.confusion(cells, names)
    calibrated = calibration.of_predictions(found)
    values = {**classes.scores(cells), "log_loss": calibrated["log_loss"]}
    return {
        "labels": list(names),
        **_with_intervals(values, bootstrap.of_cells(cells)),
        "classes": table,
        "means": classes.means(table),
        "confusion": matrix,
        "largest_confusions": classes.confusions(matrix),
        "calibration": calibrated,
        "histogram": calibration.histogram(found),
    }


def _of_label_sets(found: Predictions) -> Dict[str, Any]:
    alike = multi_label.alike(found.given, found.answers)
    of_class, calibrated = multi_label.counts(alike), multi_label.calibrated(found)
    values = {**multi_label.scores(alike), "log_loss": calibrated["log_loss"]}
    sampled = bootstrap.of_kinds(
        alike.rows, lambda rows: multi_label.scores(alike._replace(rows=rows))
    )
    return {
        "labels": list(found.label_names),
        **_with_intervals(values, sampled),
        "classes": classes.rows_of(of_class, found.label_names),
        "means": multi_label.means(of_class),
        "calibration": calibrated,
    }


def _of_scores(found: Predictions) -> Dict[str, Any]:
    values, sampled = scores.of_predictions(found)
    return {
        **_with_intervals(values, sampled),
        "plane": scores.plane(found),
        "residuals": scores.residuals(found),
    }


def _with_intervals(values: Dict[str, float], sampled: Dict[str, Any]) -> Dict[str, Any]:
    """Args: sampled, what a function of bootstrap.py returned."""
    intervals = sampled.pop("intervals")
    no_interval = (None, None)  # of log_loss: it would take a visit of every row for each resample
    return {
        "scores": {
            name: dict(
                zip(
                    ("value", "low", "high"),
                    (value, *intervals.get(name, no_interval)),
                    strict=True,
                )
            )
            for name, value in values.items()
        },
        "bootstrap": sampled,
    }
