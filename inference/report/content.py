"""Everything that report.json holds of one model."""

import os
import platform
from importlib import metadata
from typing import Any, Dict, Optional

from inference import model_folder
from inference.model_folder import ModelFolder
from inference.report import dataset, predictions, scoring, split_answers, training
from shared import config
from shared.manifest import Manifest
from shared.remote import datasets
from train.checkpoints import files

_LIBRARIES = ("numpy", "tensorflow")


def of_model(
    path: str, data_dir: Optional[str], split: Optional[str], given: Optional[str]
) -> Dict[str, Any]:
    """The report of a model folder.

    Args:
      data_dir: the dataset; None for the one that the model was trained on.
      split: the one to score; None for every labelled one but train.
      given: a prediction file to report on, instead of a split.
    Raises:
      UserError: something is missing, or does not fit the model.
    """
    folder = model_folder.read(path)
    place = dataset.find(folder, data_dir)
    if place is None and given is None:
        raise dataset.missing(folder)
    here = place and datasets.local(place)
    manifest = dataset.read(folder, here) if place else None
    if given:
        sources = {os.path.basename(given): given}
    else:
        sources = split_answers.of_splits(folder, here, manifest, split)
    found = {name: _scored(folder, source) for name, source in sources.items()}
    return {
        **_about(folder),
        "predictions": found,
        "data": place and {**dataset.describe(here, manifest), "dataset": place},
        **_of_training(folder, manifest),
    }


def _scored(folder: ModelFolder, source: str) -> Dict[str, Any]:
    read = predictions.read(source)
    split_answers.check_labels(folder, read)
    return scoring.of_predictions(read)


def _about(folder: ModelFolder) -> Dict[str, Any]:
    return {
        "model_dir": folder.path,
        "task": folder.task,
        "step": files.step_of(files.newest_first(folder.path)[0]),
    }


def _of_training(folder: ModelFolder, manifest: Optional[Manifest]) -> Dict[str, Any]:
    settings = dict(folder.recorded)
    del settings[config.DATA_SECTION]
    environment = settings.pop(config.ENVIRONMENT_SECTION, {})
    curves = training.curves(folder.path)
    return {
        "training": curves,
        "cost": training.cost(folder, manifest, curves),
        "initialized_from": folder.initialized_from,
        "configuration": settings,
        "environment": {"training": environment, "report": _environment()},
    }


def _environment() -> Dict[str, str]:
    versions = {name: metadata.version(name) for name in _LIBRARIES}
    return {"python": platform.python_version(), **versions, "machine": platform.machine()}
