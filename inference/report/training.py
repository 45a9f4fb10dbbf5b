"""What a model folder tells of its training: curves, size and speed."""

import os
import statistics
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from inference.model_folder import ModelFolder
from shared.manifest import Manifest
from shared.tasks import TRAIN_SPLIT
from train.checkpoints import files
from train.gpu import metrics_log
from train.model import variables
from train.modes import best

SPEED = "train/examples_per_second"
_POINTS = 300  # of a curve; of more, means of neighbours are shown


def curves(model_dir: str) -> Dict[str, Dict[str, List[float]]]:
    """{name in metrics.jsonl: {"steps", "values"}}, ascending; empty if there is no such file.

    That of a training's best/ is in the folder above. A value that was NaN or infinite, and a line
    that a kill has cut, is left out.
    """
    above, name = os.path.split(os.path.abspath(model_dir))
    found: "Dict[str, Dict[int, float]]" = {}
    for step, values in metrics_log.read(above if name == best.FOLDER else model_dir):
        for name, value in values.items():
            if value is not None:
                found.setdefault(name, {})[step] = value
    return {name: _thinned(sorted(points.items())) for name, points in sorted(found.items())}


def _thinned(points: "List[Tuple[int, float]]") -> Dict[str, List[float]]:
    parts = np.array_split(np.array(points, float), min(len(points), _POINTS))
    steps, values = zip(*(part.mean(axis=0).tolist() for part in parts), strict=True)
    return {"steps": list(steps), "values": list(values)}


def cost(
    folder: ModelFolder, manifest: Optional[Manifest], found: Dict[str, Dict[str, List[float]]]
) -> Dict[str, Any]:
    """What report.json has below `cost`; None for what is not known.

    Args: manifest, of the training's data; found, what `curves` returned.
    """
    params = folder.params
    checkpoint = files.newest_first(folder.path)[0]
    step = files.step_of(checkpoint)
    examples = step * params.train_input.batch_size * params.optimizer.grad_accum_steps
    speed = statistics.median(found[SPEED]["values"]) if SPEED in found else None
    rows = manifest and manifest.splits[TRAIN_SPLIT].examples
    return {
        "parameters": sum(int(np.prod(spec.shape)) for spec in variables.table(params.model)),
        "checkpoint_bytes": _bytes(checkpoint),
        "steps": step,
        "examples": examples,
        "epochs": examples / rows if rows else None,
        "examples_per_second": speed,
        "seconds": examples / speed if speed else None,
    }


def _bytes(checkpoint: str) -> int:
    """Of a checkpoint's files, which begin with its name and a dot."""
    directory, name = os.path.split(checkpoint)
    own = [entry for entry in os.listdir(directory) if entry.startswith(name + ".")]
    return sum(os.path.getsize(os.path.join(directory, entry)) for entry in own)
