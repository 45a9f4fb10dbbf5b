"""The settings of the training's loss, fitted to the data: a weight for each class."""

import dataclasses
from typing import Dict

from shared import shown
from shared.config import Config
from shared.config.settings import BALANCED
from shared.errors import UserError
from shared.manifest import Manifest
from shared.suggest import unknown
from shared.tasks import TRAIN_SPLIT


def of_data(params: Config, path: str, manifest: Manifest) -> Config:
    """The configuration; class_weights, if given, has every class, in the order of the labels.

    Args: path, of the configuration, for messages.
    Raises:
      UserError: the data has scores, or not the classes that the weights are of, or is multi-label.
    """
    optimizer = params.optimizer
    given = [key for key in ("class_weights", "label_smoothing") if getattr(optimizer, key)]
    if given and manifest.is_regression:
        them = "them" if len(given) > 1 else "it"
        raise UserError(
            f"{path}: optimizer.{' and '.join(given)}: for classes, but {manifest.task} has "
            f"scores; remove {them}"
        )
    if optimizer.class_weights is None:
        return params
    if manifest.is_multi_label:
        raise UserError(
            f"{path}: optimizer.class_weights: for rows of one class each, but those of "
            f"{manifest.task} may have several; remove it"
        )
    weigh = _balanced if optimizer.class_weights == BALANCED else _given
    weights = weigh(optimizer.class_weights, f"{path}: optimizer.class_weights", manifest)
    return dataclasses.replace(
        params, optimizer=dataclasses.replace(optimizer, class_weights=weights)
    )


def _balanced(_, where: str, manifest: Manifest) -> Dict[str, float]:
    """rows / (classes x rows of the class), as in scikit-learn: the rows of each class weigh the
    same together, and a row 1 on average."""
    counts = manifest.splits[TRAIN_SPLIT].label_counts
    if not counts:
        raise UserError(
            f"{where} is {BALANCED}, but without a dataset no class is counted; give weights, "
            "{class: number}, instead"
        )
    absent = [name for name in manifest.label_names if not counts.get(name)]
    if absent:
        raise UserError(
            f"{where} is {BALANCED}, but no training row is of {shown.listed(absent)}; give "
            "weights, {class: number}, instead"
        )
    rows = sum(counts.values())
    return {
        name: rows / (len(manifest.label_names) * counts[name]) for name in manifest.label_names
    }


def _given(weights: Dict[str, float], where: str, manifest: Manifest) -> Dict[str, float]:
    for name in weights:
        if name not in manifest.label_names:
            raise UserError(f"{where}: " + unknown("class", name, manifest.label_names))
    return {name: weights.get(name, 1.0) for name in manifest.label_names}
