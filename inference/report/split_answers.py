"""The prediction files of a model's splits; those that are missing or old are written."""

import functools
import os
from typing import Dict, Optional

from inference.model_folder import ModelFolder
from inference.report.predictions import Predictions
from shared import shown
from shared.errors import UserError
from shared.manifest import Manifest
from shared.mapping_files import read_json
from train.checkpoints import files, model_dir
from train.data import splits
from train.planning.plan import PREDICT_MODE
from train.scoring import answer_files, prediction_record


def of_splits(
    folder: ModelFolder, dataset: str, manifest: Manifest, split: Optional[str]
) -> Dict[str, str]:
    """{split: its file}; args: split, None for every labelled one but train.

    Raises:
      UserError: there is no such split, it has no labels, or it cannot be predicted.
    """
    return {
        name: _of_split(folder, dataset, manifest, name)
        for name in splits.to_evaluate(manifest, split)
    }


def _of_split(folder: ModelFolder, dataset: str, manifest: Manifest, split: str) -> str:
    if not _is_current(folder, manifest, split):
        _predict(folder, dataset, split)
    return prediction_record.path(folder.path, split, answer_files.JSON_LINES)


def _is_current(folder: ModelFolder, manifest: Manifest, split: str) -> bool:
    """Whether a file has the answers of the newest checkpoint on this data, by its thresholds and
    its pooling of windows."""
    path = functools.partial(prediction_record.path, folder.path, split)
    if not all(map(os.path.exists, (path(), path(answer_files.JSON_LINES)))):
        return False
    made_from = read_json(path(), f"Remove it and {path('.*')}.")
    step = files.step_of(files.newest_first(folder.path)[0])
    limits = None if folder.thresholds is None else folder.thresholds.tolist()
    pooling = None if manifest.windows is None else folder.params.model.window_pooling
    expected = {
        "fingerprint": manifest.fingerprint(),
        "step": step,
        "thresholds": limits,
        "window_pooling": pooling,
    }
    return all(made_from.get(name) == value for name, value in expected.items())


def _predict(folder: ModelFolder, dataset: str, split: str) -> None:
    """Writes a split's files, with a CSV one where there was one before."""
    from train import run

    has_table = os.path.exists(prediction_record.path(folder.path, split, answer_files.CSV))
    run.main(
        [
            *("--mode", PREDICT_MODE, "--model_dir", folder.path),
            *("--params", os.path.join(folder.path, model_dir.PARAMS_FILE)),
            *("--data_dir", dataset, "--split", split, "--with_text"),
            *(["--csv"] if has_table else []),
        ]
    )


def check_labels(folder: ModelFolder, found: Predictions) -> None:
    """Raises UserError if a file has the answers of a model with other labels."""
    if found.label_names != folder.label_names:
        ours, theirs = (
            "scores" if names is None else shown.listed(map(shown.plain, names))
            for names in (folder.label_names, found.label_names)
        )
        raise UserError(
            f"{found.path} has answers of another model: {theirs}; {folder.path} answers {ours}"
        )
