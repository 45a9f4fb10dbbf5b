"""Model folders near a folder that is none, for the message that says so."""

import glob
import os
from typing import List

from shared.remote import mirror
from train.checkpoints import files, model_dir

_DEPTH = 3  # of a sweep's folder: <setting>/seed-<n>/best


def models(path: str) -> List[str]:
    """The folder above it and those below it that hold a trained model; where it does not exist,
    those beside it."""
    above = os.path.dirname(os.path.normpath(path)) or os.curdir
    root, depth = (path, _DEPTH) if os.path.isdir(path) else (above, 1)
    patterns = [
        os.path.join(glob.escape(root), *["*"] * levels, model_dir.PARAMS_FILE)
        for levels in range(1, depth + 1)
    ]
    below = [os.path.dirname(found) for of in patterns for found in sorted(glob.glob(of))]
    return [mirror.named(place) for place in (above, *below) if _is_model(place)]


def _is_model(folder: str) -> bool:
    has_params = os.path.exists(os.path.join(folder, model_dir.PARAMS_FILE))
    return has_params and bool(files.steps(folder))
