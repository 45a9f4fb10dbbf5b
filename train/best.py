"""Keeps the checkpoint with the best score in <model_dir>/best, a model_dir of its own."""

import json
import os
from typing import Optional

from shared import tasks
from shared.files import write_whole
from train import checkpoint_files, model_dir
from train.plan import Plan

FOLDER = "best"
_FILE = "best.json"


def read(folder: str) -> Optional[dict]:
    """What <folder>/best/best.json says: step, split, metric and results; None where none is."""
    try:
        with open(os.path.join(folder, FOLDER, _FILE), encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None


class Best:
    """The best checkpoint of one training: by the task's first metric on the first split.

    What it knows stands in best.json, so a run that goes on decides as one that was never stopped.
    """

    def __init__(self, todo: Plan, backend: str, estimator):
        self._todo, self._backend, self._estimator = todo, backend, estimator
        self._run = todo.params.runconfig
        self._folder = os.path.join(todo.model_dir, FOLDER)
        self._split = todo.splits[0]
        self._metric = tasks.of_dataset(todo.scored_data).metrics[0]

    def consider(self, step: int, results: dict) -> bool:
        """Keeps the present weights if they are the best; returns whether to stop early.

        Args: results, what evaluation.evaluate returned for them.
        """
        best = read(self._todo.model_dir)
        if best is not None and best["step"] > step:
            best = None  # of a training that went back behind it
        if best is None or self._value(results) > self._value(best["results"]):
            self._keep(step, results)
            return False
        return self._is_enough(step, best)

    def _value(self, results):
        return results[self._split][self._metric]

    def _keep(self, step, results):
        os.makedirs(self._folder, exist_ok=True)
        found, origin = self._todo.train_data, self._todo.origin
        model_dir.write_params(self._folder, self._todo.params, found, origin, self._backend)
        if step not in checkpoint_files.steps(self._folder):
            self._estimator.save(self._folder, keep=1)
        content = {"step": step, "split": self._split, "metric": self._metric, "results": results}
        write_whole(os.path.join(self._folder, _FILE), json.dumps(content, indent=2) + "\n")
        print(
            f"best so far: step {step}, {self._metric} {self._value(results):.4f} on {self._split}"
        )

    def _is_enough(self, step, best):
        patience = self._run.early_stopping_patience
        if patience is None or self._evaluations(step) - self._evaluations(best["step"]) < patience:
            return False
        print(
            f"stops early: {self._metric} on {self._split} was best at step {best['step']}, and no "
            f"better in the {patience} evaluations since; that checkpoint is in {self._folder}"
        )
        return True

    def _evaluations(self, step):
        """How many there are up to a step: one for every period that has begun."""
        return -(-step // self._run.save_checkpoints_steps)
