"""Whether a new training may write into a folder: it would replace files of the same names."""

import fnmatch
import os
from typing import Optional

from shared import shown
from shared.errors import UserError
from shared.remote import mirror
from train.checkpoints import model_dir
from train.planning import modelzoo_dir
from train.pretrained import paths

# What a training replaces, and what shows that a folder is somebody's checkpoint or dataset.
_NAMES = (
    *("*config.json", "tokenizer.json", "vocab.txt", "*.safetensors", "*.bin", "*.ckpt.*"),
    *("manifest.json", "msl*"),
)


def check(folder: str, checkpoint_path: Optional[str]) -> None:
    """Checks a model_dir without checkpoints; params.yaml is the first file of a training, so where
    it is, a training was begun there.

    Args: checkpoint_path, what the training starts from, as given.
    Raises:
      UserError: it is the checkpoint's own folder, or holds what no training of ours wrote.
    """
    if not os.path.isdir(folder):
        return
    if checkpoint_path and os.path.realpath(_home(checkpoint_path)) == os.path.realpath(folder):
        raise UserError(
            f"MODEL_DIR is {folder}, the folder of the checkpoint to start from, whose files a "
            "training would replace; choose another MODEL_DIR"
        )
    if modelzoo_dir.params(folder) or model_dir.read_params(folder):
        return
    names = sorted(os.listdir(folder))
    foreign = [name for name in names if any(fnmatch.fnmatch(name, of) for of in _NAMES)]
    if foreign:
        raise UserError(
            f"{mirror.named(folder)} holds {shown.listed(foreign)}, which no training of ours "
            "wrote and a new one would replace or mix with its own; choose another MODEL_DIR"
        )


def _home(checkpoint_path: str) -> str:
    """The folder that a checkpoint is in."""
    path = paths.resolved(checkpoint_path)
    return path if os.path.isdir(path) else os.path.dirname(path) or os.curdir
