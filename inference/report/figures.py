"""The charts of a report, from its figures."""

from typing import Any, Dict, List

import numpy as np

from shared.page import charts
from shared.page.charts import Chart, Curve, Labels

_RATE, _LOSS = "learning_rate", "loss"
_TRAIN, _EVAL = "train/", "eval_"  # beginnings of names in metrics.jsonl


def of_predictions(found: Dict[str, Any]) -> "List[Chart]":
    """Args: found, what scoring.of_predictions returned."""
    if "labels" not in found:
        return _of_scores(found)
    return _of_classes(found) if "histogram" in found else [_of_decisions(found)]


def _of_classes(found: Dict[str, Any]) -> "List[Chart]":
    shown = found["histogram"]
    reliability = _reliability(found, Labels("Reliability", "mean confidence", "accuracy"))
    stacks = {"right": shown["right"], "wrong": shown["wrong"]}
    labels = Labels("Probability of the answer", "probability", "rows")
    return [reliability, charts.bars(labels, shown["edges"], stacks)]


def _of_decisions(found: Dict[str, Any]) -> Chart:
    return _reliability(
        found, Labels("Reliability", "mean probability", "share that has the class")
    )


def _reliability(found: Dict[str, Any], labels: Labels) -> Chart:
    bins = found["calibration"]["bins"]
    columns = ([entry[name] for entry in bins] for name in ("confidence", "accuracy", "rows"))
    return charts.against_diagonal(labels, *columns)


def _of_scores(found: Dict[str, Any]) -> "List[Chart]":
    plane, residuals = found["plane"], found["residuals"]
    scatter = charts.cells(
        Labels("Answers beside what is right", "given score", "answer"),
        plane["edges"],
        plane["edges"],
        np.array(plane["rows"]),
        has_diagonal=True,
    )
    labels = Labels("Residuals", "answer minus given score", "rows")
    return [scatter, charts.bars(labels, residuals["edges"], {"": residuals["rows"]})]


def of_training(curves: "Dict[str, Dict[str, list]]") -> "List[Chart]":
    """One chart for the loss, the rate, and each metric that was evaluated.

    Args: curves, what training.curves returned.
    """
    return [
        charts.curves(Labels(_title(metric), "step", _title(metric)), drawn)
        for metric, drawn in _by_metric(curves).items()
    ]


def _by_metric(curves: "Dict[str, Dict[str, list]]") -> "Dict[str, List[Curve]]":
    """{metric: its curve of each split}, the loss and the rate first; one point is no curve."""
    grouped: "Dict[str, List[Curve]]" = {_LOSS: [], _RATE: []}
    for name, points in curves.items():
        where, _, metric = name.partition("/")
        if name in (_TRAIN + _LOSS, _TRAIN + _RATE) or where.startswith(_EVAL):
            curve = Curve(where.removeprefix(_EVAL), points["steps"], points["values"])
            grouped.setdefault(metric, []).append(curve)
    return {
        metric: sorted(drawn, key=lambda curve: curve.name == "train")  # scores in the accent
        for metric, drawn in grouped.items()
        if any(len(curve.xs) > 1 for curve in drawn)
    }


def _title(metric: str) -> str:
    return metric.replace("_", " ")


def of_seeds(compared: Dict[str, Any], split: str) -> "List[Chart]":
    """The main score of each seed with its interval, and the evaluations of all of them.

    Args: compared, what seeds.compare returned.
    """
    seeds = compared["seeds"]
    metric = next(iter(compared["summary"][split]))
    scores = [of["predictions"][split]["scores"][metric] for of in seeds.values()]
    labels = Labels(f"{_title(metric)} by seed", "seed", _title(metric))
    drawn = [(of["low"], of["value"], of["high"]) for of in scores]
    return [charts.intervals(labels, list(map(str, seeds)), drawn), *_curves_of_seeds(seeds, split)]


def _curves_of_seeds(seeds: Dict[int, Any], split: str) -> "List[Chart]":
    found = []
    for name in (f"{_TRAIN}{_LOSS}", f"{_EVAL}{split}/{_LOSS}"):
        drawn = [
            Curve(f"seed {seed}", *of["training"][name].values())
            for seed, of in seeds.items()
            if name in of["training"]
        ]
        if drawn:
            where = "training" if name.startswith(_TRAIN) else split
            found.append(charts.curves(Labels(f"loss, {where}", "step", "loss"), drawn))
    return found
