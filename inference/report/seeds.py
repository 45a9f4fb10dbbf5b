"""Several seeds of one training (`make train SEEDS=1,2,3`), compared."""

import statistics
from typing import Any, Dict, List, Optional

from train.checkpoints import files
from train.modes import best
from train.planning import seed_folders


def folders(model_dir: str) -> "Dict[int, str]":
    """{seed: its model folder}, ascending, of a folder that holds several trainings; else empty.

    As in the trainer's table of seeds, the best checkpoint counts where one is kept.
    """
    if files.steps(model_dir):  # a training of its own
        return {}
    found = seed_folders.seeds(model_dir)
    return {seed: _judged(seed_folders.path(model_dir, seed)) for seed in found}


def _judged(folder: str) -> str:
    kept = best.folder(folder)
    return kept if is_trained(kept) else folder


def is_trained(folder: str) -> bool:
    """Whether a folder has a checkpoint: that of a seed which diverged at once has none."""
    return bool(files.steps(folder))


def compare(
    reports: "Dict[int, Dict[str, Any]]", pages: "Dict[int, str]", untrained: List[int]
) -> Dict[str, Any]:
    """What report.json of the folder above the seeds holds.

    Args:
      reports: {seed: what content.of_model returned}.
      pages: {seed: the path of its page, from the folder above}.
      untrained: the seeds that are left out.
    """
    first = next(iter(reports.values()))["predictions"]
    return {
        "task": next(iter(reports.values()))["task"],
        "untrained": untrained,
        "seeds": {seed: _seed(report, pages[seed]) for seed, report in reports.items()},
        "summary": {
            split: {
                metric: _summary([of["predictions"][split] for of in reports.values()], metric)
                for metric in found["scores"]
            }
            for split, found in first.items()
        },
        "bootstrap": next(iter(first.values()))["bootstrap"],
    }


def _seed(report: Dict[str, Any], page: str) -> Dict[str, Any]:
    return {
        "page": page,
        "step": report["step"],
        "predictions": {
            split: {"scores": found["scores"], "f1": _f1(found)}
            for split, found in report["predictions"].items()
        },
        "training": report["training"],
    }


def _f1(found: Dict[str, Any]) -> "Optional[Dict[str, float]]":
    """{label: its F1}; None for scores."""
    return {row["label"]: row["f1"] for row in found["classes"]} if "classes" in found else None


def _summary(of_seeds: "List[Dict[str, Any]]", metric: str) -> Dict[str, float]:
    """Of one metric over the seeds; std is the sample deviation (n - 1), of one seed 0."""
    values = [of["scores"][metric]["value"] for of in of_seeds]
    return {
        "median": statistics.median(values),
        "mean": statistics.mean(values),
        "std": statistics.stdev(values) if len(values) > 1 else 0.0,
    }
