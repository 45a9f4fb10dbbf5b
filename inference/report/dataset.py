"""What the data was: the facts of `make inspect`, and duplicates."""

from typing import Any, Dict, Optional

from inference.model_folder import ModelFolder
from inference.report import duplicates
from preprocess import inspect_dataset
from shared import config
from shared.errors import UserError
from shared.manifest import Manifest
from shared.manifest_file import read_manifest
from shared.remote import datasets
from train.checkpoints import model_dir


def find(folder: ModelFolder, given: Optional[str]) -> Optional[str]:
    """The given dataset, or else the one that the model's configuration names, if it is there."""
    recorded = _recorded(folder)
    return given or (recorded if recorded and datasets.is_dataset(recorded) else None)


def _recorded(folder: ModelFolder) -> Optional[str]:
    return folder.params.eval_input.data_dir or folder.params.train_input.data_dir


def missing(folder: ModelFolder) -> UserError:
    """That there is no dataset to score the model on."""
    return UserError(
        f"{folder.path} was trained on {_recorded(folder)}, which is not there: say where its data "
        "is with DATASET=<folder> (--data_dir), or give answers with PREDICTIONS=<file> "
        "(--predictions)"
    )


def read(folder: ModelFolder, dataset: str) -> Manifest:
    """The manifest of a dataset; raises UserError if the model cannot be scored on it."""
    manifest = read_manifest(dataset)
    trained = folder.recorded[config.DATA_SECTION]
    model_dir.check_can_evaluate(trained, folder.path, dataset, manifest)
    return manifest


def describe(dataset: str, manifest: Manifest) -> Dict[str, Any]:
    """What report.json has below `data`; raises UserError if the records cannot be read."""
    found = inspect_dataset.describe(dataset, manifest, None)
    repeated = duplicates.count(dataset, manifest)
    for name, split in found["splits"].items():
        split["duplicates"] = repeated[name]
        del split["decoded"]
    return found
