"""Keeps the checkpoint with the best score in <model_dir>/best, which is itself a model_dir."""

import json
import os
import shutil
from typing import Optional

from shared import shown
from shared.errors import UserError
from shared.files import write_whole
from shared.mapping_files import read_json
from shared.metric_names import LOSS, gain
from train.checkpoints import model_dir
from train.planning.plan import Plan
from train.scoring import thresholds

FOLDER = "best"
_FILE = "best.json"
# What `make report`, `make eval` and `make predict` leave in it.
_OF_ITS_WEIGHTS = ("report.", "eval_", "predict")
_KEYS = {"step", "split", "metric", "eval_steps", "results"}


def folder(model_dir: str) -> str:
    return os.path.join(model_dir, FOLDER)


def read(model_dir: str) -> Optional[dict]:
    """`read_kept` of the folder best/ of a training."""
    return read_kept(folder(model_dir))


def read_kept(kept: str) -> Optional[dict]:
    """The content of <kept>/best.json: step, split, metric, eval_steps, results; or None.

    Raises:
      UserError: the file is damaged.
    """
    path = os.path.join(kept, _FILE)
    if not os.path.exists(path):
        return None
    advice = f"Remove the folder {os.path.dirname(path)}."
    content = read_json(path, advice)
    if {*content} != _KEYS:
        raise UserError(f"{path}: expected the keys {', '.join(sorted(_KEYS))}. {advice}")
    return content


class Best:
    """The best checkpoint of one training: by the plan's best_metric on the first split.

    Of equal ones the one with the lower loss is better. A model that gives every example the same
    answer is worse than any other: with rare classes its accuracy can be high.
    Its state is in best.json, so a resumed run decides as if it had never been stopped.
    """

    def __init__(self, plan: Plan, environment: dict, estimator, first_step: int):
        """Args:
        environment: model_dir.environment of this run.
        first_step: from which the run resumes; a best checkpoint of a later step is removed.
        """
        self._plan, self._environment, self._estimator = plan, environment, estimator
        self._folder = folder(plan.model_dir)
        self._split = plan.splits[0]
        self._metric = plan.best_metric
        if estimator.is_chief and os.path.exists(self._folder):
            self._forget_others(first_step)

    def _forget_others(self, first_step):
        """Removes a best checkpoint that later ones cannot be compared with.

        Raises:
          UserError: a new training would begin beside it.
        """
        best = read(self._plan.model_dir)
        if not self._plan.checkpoints:
            raise UserError(
                f"{self._folder} is the best checkpoint of an earlier training; move it away, or "
                "choose another MODEL_DIR"
            )
        if best is None:
            reason = "is incomplete"
        elif best["step"] > first_step:
            reason = f"is from step {best['step']}, after which training was rolled back"
        elif any(best[name] != value for name, value in self._judged_by().items()):
            reason = "was chosen by another split or metric"
        else:
            return
        print(f"removing {self._folder}: it {reason}")
        shutil.rmtree(self._folder)

    def _judged_by(self):
        return {
            "split": self._split,
            "metric": self._metric,
            "eval_steps": self._plan.eval_steps,
        }

    def consider(self, step: int, results: dict) -> bool:
        """Keeps the current weights if they are the best; returns whether to stop early.

        Args: results, what evaluation.evaluate returned for them.
        """
        best = read(self._plan.model_dir)
        if best is None or self._rank(results) > self._rank(best["results"]):
            self._keep(step, results)
            return False
        return self._is_enough(step, best)

    def _rank(self, results):
        """Greater for a better model."""
        of_split = results[self._split]
        value = gain(self._metric, of_split[self._metric])
        return of_split["constant"] is None, value, gain(LOSS, of_split[LOSS])

    def _value(self, results):
        return results[self._split][self._metric]

    def _keep(self, step, results):
        os.makedirs(self._folder, exist_ok=True)
        self._say_what_is_older()
        manifest, origin = self._plan.train_data, self._plan.origin
        model_dir.write_params(self._folder, self._plan.params, manifest, origin, self._environment)
        thresholds.copy(self._plan.model_dir, self._folder)
        self._estimator.save(self._folder, keep=1)
        content = {"step": step, "results": results, **self._judged_by()}
        write_whole(os.path.join(self._folder, _FILE), json.dumps(content, indent=2) + "\n")
        print(
            f"best so far: step {step}, {self._metric} {self._value(results):.4f} on {self._split}"
        )

    def _say_what_is_older(self):
        """Reports and answers there are of the weights that are about to be replaced."""
        names = sorted(os.listdir(self._folder))
        older = [name for name in names if name.startswith(_OF_ITS_WEIGHTS)]
        if older:
            print(f"of an earlier best checkpoint, in {self._folder}: {shown.listed(older)}")

    def _is_enough(self, step, best):
        patience = self._plan.params.runconfig.early_stopping_patience
        if patience is None or self._evaluations(step) - self._evaluations(best["step"]) < patience:
            return False
        print(
            f"stopping early: {self._metric} on {self._split} was best at step {best['step']} and "
            f"no better in {patience} evaluations since; that checkpoint is in {self._folder}"
        )
        return True

    def _evaluations(self, step):
        """The number of evaluations up to a step: one for every interval that has begun."""
        return -(-step // self._plan.params.runconfig.save_checkpoints_steps)
