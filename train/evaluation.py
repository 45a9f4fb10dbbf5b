"""Evaluates a checkpoint on every labelled split and leaves the result beside it."""

import functools
import json
import os

import numpy as np

from shared import tasks
from shared.errors import UserError
from shared.manifest import Manifest
from train import metrics
from train.input_fn import eval_input_fn


def splits_of(found: Manifest, split: "str | None") -> list:
    """The splits to evaluate: the one asked for, or every labelled one but train.

    Raises:
      UserError: the split does not exist or has no labels, or no split is left.
    """
    if split is None:
        chosen = [
            name
            for name, entry in found.splits.items()
            if name != tasks.TRAIN and entry.is_labelled
        ]
        if not chosen:
            raise UserError(f"task {found.task} has no labelled split to evaluate")
        return chosen
    if split not in found.splits:
        raise UserError(f"no split '{split}'; the dataset has {', '.join(found.splits)}")
    if not found.splits[split].is_labelled:
        raise UserError(
            f"split {split} has {found.splits[split].unlabelled} examples without a label (-1), "
            "so it cannot be evaluated"
        )
    return [split]


def evaluate(estimator, found: Manifest, splits: list, model_dir: str, step: int, steps) -> dict:
    """Evaluates, prints a line for each split and writes <model_dir>/eval_<split>.json.

    Args:
      estimator: holds the weights of `step`.
      steps: batches of each split to take; None takes all.
    Returns:
      {split: {metric: value}}.
    """
    results = {}
    for split in splits:
        predictions = estimator.evaluate(functools.partial(eval_input_fn, split=split), steps)
        expected = found.splits[split].examples
        assert steps is not None or len(predictions.labels) == expected
        names = tasks.get(found.task).metrics
        values = metrics.compute(names, predictions.scores, predictions.labels)
        values["loss"] = float(np.mean(predictions.losses, dtype=np.float64))
        results[split] = values
        _write(os.path.join(model_dir, f"eval_{split}.json"), step, len(predictions.labels), values)
        estimator.write_metrics(split, values)
        shown = "  ".join(f"{name} {value:.4f}" for name, value in values.items())
        print(f"eval {split}: step {step}  {shown}  ({len(predictions.labels):,} examples)")
    return results


def _write(path: str, step: int, examples: int, values: dict) -> None:
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        json.dump({"step": step, "examples": examples, **values}, file, indent=2)
        file.write("\n")
    os.replace(path + ".tmp", path)
