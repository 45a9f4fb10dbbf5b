"""What the prediction files of a split were made from: predict_<split>.json beside them.

    {"task": "tickets", "split": "test", "fingerprint": "5f0c...", "step": 940}

With several classes a row it has the list of `thresholds`, too (thresholds.py), and of documents in
windows `window_pooling` (pooling.py).
`fingerprint` is the dataset's (shared/manifest.py). `step` is null while the files are being
written; if that was interrupted, they may be of two steps, but never of two datasets.
"""

import json
import os
from typing import Any, Dict, List, Optional

import numpy as np

from shared import tasks
from shared.errors import UserError
from shared.files import write_whole
from shared.manifest import Manifest
from shared.mapping_files import read_json
from train.scoring import answer_files


def path(model_dir: str, split: str, ending: str = ".json") -> str:
    """Of the record, or of another of a prediction's files by its ending."""
    return os.path.join(model_dir, f"predict_{split}{ending}")


def outputs_path(model_dir: str, split: str) -> str:
    """Of the outputs as arrays; folder, name and content are the Model Zoo's."""
    return os.path.join(model_dir, "predict", f"predictions_{split}.npz")


def check_replaceable(model_dir: str, manifest: Manifest, split: str) -> None:
    """Checks that the files which a prediction will replace were made from the same data.

    Raises:
      UserError: they were made from other data, or nothing says from which.
    """
    existing = " and ".join(_existing(model_dir, manifest, split))
    if not existing:
        return
    advice = "Move away what you want to keep, remove the rest, and run this again."
    record = path(model_dir, split)
    if not os.path.exists(record):
        raise UserError(
            f"{existing}: nothing says what this was made from ({record} is missing), so it is not "
            f"replaced. {advice}"
        )
    made_from = read_json(record, advice)
    if made_from.get("fingerprint") != manifest.fingerprint():
        raise UserError(
            f"{existing}: made from other data ({made_from.get('task')}, fingerprint "
            f"{str(made_from.get('fingerprint'))[:12]}) than this prediction would be "
            f"({manifest.task}, {manifest.fingerprint()[:12]}). {advice}"
        )


def _existing(model_dir: str, manifest: Manifest, split: str) -> List[str]:
    paths = [path(model_dir, split, ending) for ending in answer_files.FORMATS]
    paths.append(outputs_path(model_dir, split))
    submission = tasks.SUBMISSIONS.get((manifest.task, split))
    paths += [os.path.join(model_dir, submission.file)] if submission else []
    return [found for found in paths if os.path.exists(found)]


def write(
    model_dir: str,
    manifest: Manifest,
    split: str,
    step: Optional[int],
    thresholds: Optional[np.ndarray] = None,
    pooling: Optional[str] = None,
) -> None:
    """Writes the record.

    Args:
      step: of the checkpoint, or None before the files are written.
      thresholds: float [C] of multi-label data; else None.
      pooling: how the logits of a document's windows became one; None without windows.
    """
    content: Dict[str, Any] = {
        "task": manifest.task,
        "split": split,
        "fingerprint": manifest.fingerprint(),
        "step": step,
    }
    if thresholds is not None:
        content["thresholds"] = thresholds.tolist()
    if pooling is not None:
        content["window_pooling"] = pooling
    write_whole(path(model_dir, split), json.dumps(content, indent=2) + "\n")
