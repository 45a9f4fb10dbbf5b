"""Writes and reads checkpoints: {name: tensor} in TensorFlow's name-based format."""

import glob
import os
from typing import Dict

import numpy as np
import tensorflow as tf

from shared.errors import UserError, plain_message
from train import checkpoint_files

GLOBAL_STEP = "global_step"


def save(model_dir: str, step: int, tensors: Dict[str, tf.Tensor], keep: int) -> str:
    """Writes model.ckpt-<step>, whole or not at all, then removes the oldest beyond `keep`.

    Args:
      tensors: {name in the checkpoint: tensor}.
      keep: how many of the newest checkpoints stay; 0 keeps all.
    Returns:
      The checkpoint's path without the endings of its files.
    """
    path = checkpoint_files.path_of(model_dir, step)
    temporary = os.path.join(model_dir, ".tmp-" + os.path.basename(path))
    names = sorted(tensors)
    tf.raw_ops.SaveV2(
        prefix=temporary,
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[tf.convert_to_tensor(tensors[name]) for name in names],
    )
    checkpoint_files.announce(model_dir, step)
    # Sorted, .index comes after .data: a checkpoint without it does not exist.
    for file in sorted(glob.glob(glob.escape(temporary) + ".*")):
        os.replace(file, path + file[len(temporary) :])
    checkpoint_files.rotate(model_dir, keep)
    return path


def read(path: str, names) -> Dict[str, np.ndarray]:
    """{name: array} of a checkpoint.

    Raises:
      UserError: its files are missing or damaged, or it lacks some of `names`; all are listed.
    """
    try:
        reader = tf.train.load_checkpoint(path)
        missing = [name for name in names if not reader.has_tensor(name)]
        if not missing:
            return {name: reader.get_tensor(name) for name in names}
    except (tf.errors.OpError, IndexError, ValueError, RuntimeError) as error:
        raise UserError(
            f"the checkpoint {path} is damaged: {plain_message(error)}. Remove its files to use "
            "the one before it."
        ) from None
    listed = "".join("\n  " + name for name in missing)
    raise UserError(f"the checkpoint {path} lacks {len(missing)} variables:{listed}")
