"""The quality gate: compares the median score of several seeds with the configuration's band.

Mode quality of train/run.py. Exit code 0: the median is within the band; 1: it is not, or a seed
diverged or gives every example the same answer.
"""

import argparse
import json
import os
import statistics
from typing import Any, Callable, Dict, List, NamedTuple

from shared import config, metric_names, tasks
from shared.config import QualityConfig
from shared.config.input_sections import EVAL_INPUT
from shared.errors import FaultsFound, UserError
from shared.files import write_whole
from shared.manifest import Manifest
from train.checkpoints import files, model_dir
from train.data import splits
from train.planning import configuration, make_plan, seed_folders
from train.planning.plan import TRAIN_MODE

MODE = "quality"
_FILE = "quality.json"
_DIGITS = 4  # of a score, as compared and as shown
_NO_BAND = """{} has no section `quality`, so there is nothing to compare with. Add the scores \
between which the median should be, for example
  quality:
    low: 0.917
    high: 0.937"""


class Gate(NamedTuple):
    """What is compared: the values of `metric` on `split` with `band`."""

    band: QualityConfig
    metric: str
    split: str


def run(
    options: argparse.Namespace, run_seeds: Callable[[argparse.Namespace], List[Dict[str, Any]]]
) -> None:
    """Trains the seeds with the configuration's recipe, judges their last weights, and writes
    <model_dir>/quality.json.

    Finished work of a seed is not repeated. Every example is scored, regardless of
    runconfig.eval_steps, because a published score covers every example.

    Args: run_seeds, train.modes.seeds.run with its second argument given.
    Raises:
      FaultsFound: the gate was not passed.
      UserError: there is no band, or model_dir holds seeds of another recipe.
    """
    gate, seeds = _gate(options)
    last_weights = [*(options.set or ()), "runconfig.eval_checkpoints=false"]
    chosen = {"mode": TRAIN_MODE, "seeds": seeds, "eval_steps": 0, "set": last_weights}
    training = argparse.Namespace(**{**vars(options), **chosen})
    for seed in seeds:
        _check_recipe(seed_folders.options_of(training, seed))
    found = _judged(gate, run_seeds(training))
    print(f"quality: {_verdict(found)}: {'passed' if found['passed'] else 'FAILED'}")
    path = os.path.join(options.model_dir, _FILE)
    write_whole(path, json.dumps(found, indent=2) + "\n")
    if not found["passed"]:
        raise FaultsFound(f"the quality gate of {options.params} was not passed")


def _gate(options):
    """(the gate, its seeds)."""
    params = configuration.load(options, configuration.start_of(options), lambda line: None)
    band = params.quality
    if band is None:
        raise UserError(_NO_BAND.format(options.params))
    manifest = make_plan.read_data(params, EVAL_INPUT, options)
    metric = _metric(options.params, band, manifest)
    split = splits.to_evaluate(manifest, None)[0]
    return Gate(band, metric, split), options.seeds or band.seeds


def _metric(path: str, band: QualityConfig, manifest: Manifest) -> str:
    if band.metric is not None:
        metric_names.check(f"{path}: quality.metric", band.metric, manifest)
    return band.metric or tasks.of_dataset(manifest).metrics[0]


def _check_recipe(training: argparse.Namespace) -> None:
    """Checks that a seed's folder has no training with another recipe, which would be judged."""
    folder = training.model_dir
    if not files.steps(folder):
        return
    plan = make_plan.make(training)
    environment = plan.trained.get(config.ENVIRONMENT_SECTION, {})
    changes = model_dir.changes(plan.trained, plan.params, environment)
    step, last = files.step_of(plan.checkpoints[0]), plan.last_step(0)
    if step > last:
        changes.append(f"it is at step {step}, but training now ends at {last}")
    if changes:
        raise UserError(
            f"{folder} was trained with another recipe:\n"
            + "".join(f"  {change}\n" for change in changes)
            + "Remove it, or choose another MODEL_DIR."
        )


def _judged(gate: Gate, results: List[Dict[str, Any]]) -> Dict[str, Any]:
    """What quality.json holds; args: results, of train.modes.seeds.run."""
    seeds = [_of_seed(gate, result) for result in results]
    scores = [of["score"] for of in seeds if of["score"] is not None]
    median = round(statistics.median(scores), _DIGITS) if scores else None
    has_fault = any(of["fault"] for of in seeds)
    low, high = gate.band.low, gate.band.high
    return {
        "split": gate.split,
        "metric": gate.metric,
        "low": low,
        "high": high,
        "median": median,
        "passed": not has_fault and low <= median <= high,
        "seeds": seeds,
    }


def _of_seed(gate, result):
    of_split = result["results"].get(gate.split, {})  # empty if the seed diverged
    score, step = of_split.get(gate.metric), of_split.get("step")
    return {"seed": result["seed"], "step": step, "score": score, "fault": result["fault"]}


def _verdict(found: Dict[str, Any]) -> str:
    faults = [f"seed {of['seed']} ({of['fault']})" for of in found["seeds"] if of["fault"]]
    if faults:
        return ", ".join(faults)
    median, low, high = found["median"], found["low"], found["high"]
    if median < low:
        place = f"is below {low:g}"
    elif median > high:
        place = f"is above {high:g}"
    else:
        place = f"lies within {low:g} - {high:g}"
    return f"median {found['metric']} {median:.4f} of {len(found['seeds'])} seeds {place}"
