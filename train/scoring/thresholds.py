"""From which probability on a row has a class: thresholds.json of a model folder.

    {"checkpoint": "model.ckpt-900", "split": "validation", "thresholds": {"refund": 0.37, ...}}

An evaluation tunes them, each to the best F1 of its class. They hold for one checkpoint, which is
named by its path from the folder.
"""

import json
import os
from typing import Any, Callable, Sequence

import numpy as np

from shared import shown, tasks
from shared.errors import UserError
from shared.files import write_whole
from shared.mapping_files import read_json
from train.scoring import multi_label

FILE = "thresholds.json"
UNTUNED = 0.5
_ADVICE = "Correct or remove it; `make eval` writes it."


def may_be_tuned_on(split: str, splits: Sequence[str]) -> bool:
    """Whether a split is the first of those that are scored, and neither trained on nor a test."""
    return split == splits[0] and split != tasks.TRAIN_SPLIT and not tasks.is_test(split)


def tuned(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The threshold of each class, float64 [C]; args: logits float32, labels 0 or 1, [N, C]."""
    found = multi_label.probabilities(logits)
    return np.array([_best(*column) for column in zip(found.T, labels.T == 1)])


def _best(probabilities: np.ndarray, is_true: np.ndarray) -> float:
    """The threshold with the best F1, of equal ones the highest; UNTUNED where no row is true.

    It lies halfway between the lowest probability that reaches it and the next lower one.

    >>> _best(np.array([0.9, 0.6, 0.2, 0.1]), np.array([True, True, False, False]))
    0.4
    """
    if not is_true.any():
        return UNTUNED
    order = np.argsort(-probabilities, kind="stable")
    falling = np.append(probabilities[order], 0.0)
    answered = np.flatnonzero(np.diff(np.append(falling[:-1], -1.0))) + 1  # equal ones together
    hits = np.cumsum(is_true[order])[answered - 1]
    rows = answered[np.argmax(2 * hits / (answered + is_true.sum()))]
    lowest, following = falling[rows - 1], falling[rows]
    middle = (lowest + following) / 2
    return float(middle if middle > following else lowest)  # not if rounding made them equal


def write(
    folder: str, checkpoint: str, split: str, label_names: Sequence[str], found: np.ndarray
) -> None:
    """Args: checkpoint, whose they are; split, on which they were tuned; found, float64 [C]."""
    content = {
        "checkpoint": checkpoint,
        "split": split,
        "thresholds": dict(zip(label_names, found.tolist())),
    }
    write_whole(os.path.join(folder, FILE), json.dumps(content, indent=2) + "\n")


def read(
    folder: str, checkpoint: str, label_names: Sequence[str], log: Callable[[str], None]
) -> np.ndarray:
    """Those of a checkpoint, float64 [C]; UNTUNED, and a line for the log, where it has none.

    Raises:
      UserError: the file is damaged.
    """
    path = os.path.join(folder, FILE)
    content = read_json(path, _ADVICE) if os.path.exists(path) else {}
    if content.get("checkpoint") == checkpoint:
        return _checked(content.get("thresholds"), label_names, path)
    log(
        f"every class has the threshold {UNTUNED}, as {path} has none for {checkpoint}; "
        "`make eval` tunes them"
    )
    return np.full(len(label_names), UNTUNED)


def _checked(found: Any, label_names: Sequence[str], path: str) -> np.ndarray:
    values = [found.get(name) for name in label_names] if isinstance(found, dict) else [None]
    if not all(isinstance(value, (int, float)) and 0 <= value <= 1 for value in values):
        raise UserError(
            f"{path}: thresholds is {shown.value(found)}, expected a number from 0 to 1 for "
            f"each of {shown.listed(map(shown.plain, label_names))}. {_ADVICE}"
        )
    return np.array(values, np.float64)


def copy(source: str, target: str) -> None:
    """Copies the file of a model folder, if there is one."""
    path = os.path.join(source, FILE)
    if os.path.exists(path):
        with open(path, "rb") as file:
            write_whole(os.path.join(target, FILE), file.read())
