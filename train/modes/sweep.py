"""Several trainings that differ in some settings, and a table of their scores, the best first."""

import argparse
import itertools
import json
import os
import statistics
from typing import Any, Callable, Dict, Iterator, List, Optional

from shared.errors import UserError
from shared.files import write_whole
from shared.metric_names import LOSS, gain
from train import signals
from train.modes import seeds
from train.planning import configuration, seed_folders
from train.scoring.results import metrics_of

_FILE = "sweep.json"


def combinations(sweep: List[str]) -> "List[List[str]]":
    """The settings of each training.

    >>> combinations(["optimizer.beta1=0.8,0.9", "optimizer.beta2=1"])
    [['optimizer.beta1=0.8', 'optimizer.beta2=1'], ['optimizer.beta1=0.9', 'optimizer.beta2=1']]

    Raises:
      UserError: a text is of another form than section.key=value,value, or gives a key or a
        value twice.
    """
    names = [text.partition("=")[0] for text in sweep]
    for name in names:
        if names.count(name) > 1:
            raise UserError(
                f"SWEEP (--sweep) gives {name} twice; give its values once, with commas: "
                f"{name}=value,value"
            )
    return [list(chosen) for chosen in itertools.product(*map(_settings, sweep))]


def _settings(text: str) -> List[str]:
    name, equals, listed = text.partition("=")
    values = [value.strip() for value in listed.split(",")]
    if (
        "." not in name
        or not equals
        or not all(values)
        or len({*values}) < len(values)
        or "/" in listed
    ):
        raise UserError(
            f"SWEEP is {text!r} (--sweep): expected section.key=value,value with different values, "
            "such as optimizer.learning_rate=1e-5,3e-5"
        )
    return [f"{name}={value}" for value in values]


def run(
    options: argparse.Namespace, run_one: Callable[[argparse.Namespace], Any]
) -> List[Dict[str, Any]]:
    """Trains each combination of options.sweep, with each of options.seeds if there are any, in a
    folder of model_dir named after its settings; then prints the table.

    Finished work is not repeated, so an interrupted command can be resumed.

    Args: run_one, train.run.run.
    Returns: the content of sweep.json, for each combination {settings, model_dir, seeds: as
      seeds.json has it}, the best first.
    """
    chosen = combinations(options.sweep)
    best_metrics = _best_metrics(options, chosen)
    with signals.noted() as should_stop:
        found = [_trained(options, settings, run_one, should_stop) for settings in chosen]
    column = _column(found, best_metrics)
    found.sort(key=lambda entry: _rank(column, entry), reverse=True)
    print("\n".join(_table(column, found)))
    path = os.path.join(options.model_dir, _FILE)
    write_whole(path, json.dumps(found, indent=2) + "\n")
    print(f"written to {path}")
    if _scores(column, found[0]):
        folder = _best_folder(column, found[0])
        print(f'best: SET="{" ".join(found[0]["settings"])}", trained in {folder}')
    return found


def _trained(options, chosen: List[str], run_one, should_stop) -> Dict[str, Any]:
    if should_stop():
        raise signals.stopped(f"before {' '.join(chosen)}")
    given = _given(options, chosen)
    print(f"sweep: {given.model_dir}")
    results = seeds.run(given, run_one) if options.seeds else [seeds.result(given, run_one)]
    return {"settings": chosen, "model_dir": given.model_dir, "seeds": results}


def _given(options, chosen: List[str]) -> argparse.Namespace:
    """The options for one combination."""
    folder = os.path.join(options.model_dir, ",".join(chosen))
    given = {"set": [*(options.set or ()), *chosen], "model_dir": folder}
    return argparse.Namespace(**{**vars(options), **given})


def _best_metrics(options, chosen: "List[List[str]]") -> "List[Optional[str]]":
    """runconfig.best_metric of each combination, all of whose configurations are read before the
    first training: a mistake in the last one is told before."""
    start = configuration.start_of(options)
    every = [configuration.load(_given(options, settings), start, _silent) for settings in chosen]
    return [params.runconfig.best_metric for params in every]


def _silent(line: str) -> None:
    """Each training says it."""


def _column(found, best_metrics) -> "tuple[str, str]":
    """(the split, the metric) that decides: those that decide which checkpoint is best."""
    scored = [
        (metric, run["results"])
        for of, metric in zip(found, best_metrics)
        for run in of["seeds"]
        if run["results"]
    ]
    if not scored:
        return "", LOSS  # all have diverged
    metric, results = scored[0]
    split, of_split = next(iter(results.items()))
    return split, metric or next(iter(metrics_of(of_split)))


def _scores(column, entry) -> List[float]:
    split, metric = column
    return [of["results"][split][metric] for of in entry["seeds"] if of["results"]]


def _best_folder(column, entry) -> str:
    """The folder of the best model of a combination."""
    split, metric = column
    scored = [of for of in entry["seeds"] if of["results"]]
    best = max(scored, key=lambda of: gain(metric, of["results"][split][metric]))
    folder = entry["model_dir"]
    return folder if best["seed"] is None else seed_folders.path(folder, best["seed"])


def _rank(column, entry) -> "tuple[bool, float]":
    """Greater for a better combination: by the median; one that a seed spoils comes last."""
    scores = _scores(column, entry)
    is_sound = not any(of["fault"] for of in entry["seeds"])
    return is_sound, gain(column[1], statistics.median(scores)) if scores else float("-inf")


def _table(column, found) -> Iterator[str]:
    split, metric = column
    rows = [[f"{split} {metric}", "lowest", "highest", "settings"]]
    for entry in found:
        scores = _scores(column, entry)
        numbers = [statistics.median(scores), min(scores), max(scores)] if scores else []
        shown = [f"{number:.4f}" for number in numbers] or ["-"] * 3
        faults = sorted({of["fault"] for of in entry["seeds"] if of["fault"]})
        rows.append([*shown, " ".join([*entry["settings"], *(f"({fault})" for fault in faults)])])
    widths = [max(map(len, cells)) for cells in zip(*rows)]
    for row in rows:
        numbers = "  ".join(map(str.rjust, row[:-1], widths))
        yield f"{numbers}  {row[-1]}"
