"""Several trainings that differ only in their seed, and a table of their scores."""

import argparse
import gc
import json
import os
import statistics
from typing import Any, Callable, List

from shared.files import write_whole
from train import signals
from train.errors import DivergedError
from train.planning import seed_folders
from train.planning.plan import EVAL_MODE
from train.scoring.results import metrics_of

_FILE = "seeds.json"


def run(options: argparse.Namespace, run_one: Callable[[argparse.Namespace], Any]) -> List[dict]:
    """Trains once for each of options.seeds in <model_dir>/seed-<n>, then prints the table.

    Finished work of a seed is not repeated, so an interrupted command can be resumed.

    Args: run_one, train.run.run.
    Returns: the content of seeds.json, for each seed {seed, results: what evaluation.evaluate
    returned or {}, fault: None or what is wrong}.
    """
    with signals.noted() as should_stop:
        results = [_of_seed(options, run_one, seed, should_stop) for seed in options.seeds]
    path = os.path.join(options.model_dir, _FILE)
    print("\n".join(table(results)))
    write_whole(path, json.dumps(results, indent=2) + "\n")
    print(f"written to {path}")
    return results


def _of_seed(options, run_one, seed, should_stop) -> dict:
    if should_stop():
        raise signals.stopped(f"before seed {seed}")
    given = seed_folders.options_of(options, seed)
    print(f"seed {seed}: {given.model_dir}")
    return result(given, run_one)


def result(given: argparse.Namespace, run_one: Callable[[argparse.Namespace], Any]) -> dict:
    """Trains once; returns as `run` does for a seed, which is null where options.seed is."""
    gc.collect()  # an estimator and its compiled functions refer to each other and the weights
    seed = given.seed
    try:
        results = run_one(given) or _scored(given, run_one)
    except DivergedError as error:
        print(f"{given.model_dir}: {error}")
        return {"seed": seed, "results": {}, "fault": "diverged"}
    is_constant = any(scored["constant"] is not None for scored in results.values())
    return {"seed": seed, "results": results, "fault": "constant answer" if is_constant else None}


def _scored(options, run_one) -> dict:
    """What evaluation.evaluate returns for the last weights."""
    scoring = {"mode": EVAL_MODE, "checkpoint_path": None}
    return run_one(argparse.Namespace(**{**vars(options), **scoring}))


def table(results: List[dict]) -> List[str]:
    """Lines: one for each seed, then median, mean and standard deviation of each metric.

    The deviation is the sample deviation (n - 1). A run that gives every example the same answer
    counts and is marked; one that diverged has no score.
    """
    scores = [_scores(result) for result in results]
    columns = sorted({column for of_seed in scores for column in of_seed})
    rows = [["seed", *(f"{split} {name}" for split, name in columns), ""]]
    for result, of_seed in zip(results, scores):
        shown = [f"{of_seed[column]:.4f}" if of_seed else "-" for column in columns]
        rows.append([str(result["seed"]), *shown, result["fault"] or ""])
    for name, summary in _SUMMARIES.items():
        samples = [[of_seed[column] for of_seed in scores if of_seed] for column in columns]
        rows.append([name, *(f"{summary(sample):.4f}" for sample in samples), ""])
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ["  ".join(map(str.rjust, row, widths)).rstrip() for row in rows]


def _scores(result):
    """{(split, metric): value}."""
    return {
        (split, name): value
        for split, of_split in result["results"].items()
        for name, value in metrics_of(of_split).items()
    }


def _deviation(sample):
    return statistics.stdev(sample) if len(sample) > 1 else 0.0


_SUMMARIES = {"median": statistics.median, "mean": statistics.mean, "std": _deviation}
