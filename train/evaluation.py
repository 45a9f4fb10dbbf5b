"""Scores the weights of an estimator on every example of some splits."""

import functools
import json
import os

import numpy as np

from shared import tasks
from shared.errors import UserError
from shared.files import write_whole
from shared.manifest import Manifest
from train import metrics
from train.input_fn import eval_input_fn
from train.plan import Plan


def evaluate(estimator, todo: Plan, step: int, should_stop=lambda: False) -> None:
    """Scores the plan's eval_splits; for each prints a line and writes eval_<split>.json.

    Args:
      estimator: holds the weights of `step`.
      should_stop: asked between batches; on true Terminated is raised.
    """
    found = todo.eval_data
    for split in todo.eval_splits:
        input_fn = functools.partial(eval_input_fn, split=split, found=found)
        predictions = estimator.evaluate(input_fn, todo.eval_steps, should_stop)
        examples = len(predictions.labels)
        assert todo.eval_steps is not None or examples == found.splits[split].examples
        values = _score(found, split, predictions)
        content = json.dumps({"step": step, "examples": examples, **values}, indent=2)
        write_whole(_result_file(todo, split), content + "\n")
        estimator.write_metrics(split, values)
        shown = "  ".join(f"{name} {value:.4f}" for name, value in values.items())
        print(f"eval {split}: step {step}  {shown}  ({examples:,} examples)")


def is_done(todo: Plan) -> bool:
    """Whether every split of the plan has been scored at the plan's checkpoint."""
    return all(_scored_step(todo, split) == todo.first_step for split in todo.eval_splits)


def _scored_step(todo: Plan, split: str):
    try:
        with open(_result_file(todo, split), encoding="utf-8") as file:
            return json.load(file)["step"]
    except (OSError, ValueError, KeyError):
        return None


def _result_file(todo: Plan, split: str) -> str:
    return os.path.join(todo.model_dir, f"eval_{split}.json")


def _score(found: Manifest, split: str, predictions) -> dict:
    """{metric: value} and the mean loss."""
    if not np.isfinite(predictions.scores).all():
        raise UserError(
            f"the model answers NaN or Inf on split {split}; its training diverged. Train it again "
            "with a smaller learning rate."
        )
    names = tasks.of_dataset(found).metrics
    values = metrics.compute(names, predictions.scores, predictions.labels)
    return {**values, "loss": float(np.mean(predictions.losses, dtype=np.float64))}
