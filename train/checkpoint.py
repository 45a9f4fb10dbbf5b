"""Checkpoints: TensorFlow's name-based files model.ckpt-<step>, listed in `checkpoint`.

The format is that of tf.estimator, so a model_dir goes from one backend to the other. Paths in
`checkpoint` are relative: a model_dir may be moved.
"""

import glob
import os
import re
from typing import Dict, List, Optional

import numpy as np
import tensorflow as tf

from shared.errors import UserError

PREFIX = "model.ckpt-"
STATE_FILE = "checkpoint"
GLOBAL_STEP = "global_step"


def save(model_dir: str, step: int, tensors: Dict[str, tf.Tensor], keep: int) -> str:
    """Writes model.ckpt-<step>, whole or not at all, then removes the oldest beyond `keep`.

    Args:
      tensors: {name in the checkpoint: tensor}.
      keep: how many of the newest checkpoints stay; 0 keeps all.
    Returns:
      The checkpoint's path without the endings of its files.
    """
    path = os.path.join(model_dir, f"{PREFIX}{step}")
    temporary = os.path.join(model_dir, f".{PREFIX}{step}.tmp")
    names = sorted(tensors)
    tf.raw_ops.SaveV2(
        prefix=temporary,
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[tf.convert_to_tensor(tensors[name]) for name in names],
    )
    # The index comes last: a checkpoint without one does not exist.
    for file in sorted(glob.glob(glob.escape(temporary) + ".*")):
        os.replace(file, path + file[len(temporary) :])
    _write_state(model_dir, steps(model_dir))
    _rotate(model_dir, keep)
    return path


def steps(model_dir: str) -> List[int]:
    """The steps of the checkpoints on disk, in rising order."""
    names = glob.glob(os.path.join(glob.escape(model_dir), PREFIX + "*.index"))
    found = (re.match(r"model\.ckpt-(\d+)\.index$", os.path.basename(name)) for name in names)
    return sorted(int(match.group(1)) for match in found if match)


def latest(model_dir: str) -> Optional[str]:
    """The path of the checkpoint that `checkpoint` names; None where model_dir holds none.

    Raises:
      UserError: checkpoint files are there, but `checkpoint` is missing, unreadable or names
        another one. Starting anew would throw a training away without a word.
    """
    on_disk = steps(model_dir)
    state_path = os.path.join(model_dir, STATE_FILE)
    if not on_disk and not os.path.exists(state_path):
        return None
    name = _named_in_state(state_path)
    if name is None or not os.path.exists(os.path.join(model_dir, name + ".index")):
        there = ", ".join(f"{PREFIX}{step}" for step in on_disk) or "none"
        raise UserError(
            f"{state_path} does not name a checkpoint of {model_dir} (found: {name}; on disk: "
            f'{there}). Write the line\n  model_checkpoint_path: "{PREFIX}<step>"\ninto it, or '
            "choose another MODEL_DIR to start anew."
        )
    return os.path.join(model_dir, name)


def step_of(path: str) -> int:
    """1000 for .../model.ckpt-1000."""
    return int(path.rsplit("-", 1)[1])


def read(path: str, names) -> Dict[str, np.ndarray]:
    """{name: array} of a checkpoint.

    Raises:
      UserError: the checkpoint lacks some of `names`; the message lists them.
    """
    reader = tf.train.load_checkpoint(path)
    missing = [name for name in names if not reader.has_tensor(name)]
    if missing:
        raise UserError(f"the checkpoint {path} lacks {len(missing)} variables:" + _lines(missing))
    return {name: reader.get_tensor(name) for name in names}


def _lines(names) -> str:
    return "".join("\n  " + name for name in names)


def _named_in_state(state_path: str) -> Optional[str]:
    """The base name, as tf.estimator may have written an absolute path of another machine."""
    try:
        with open(state_path, encoding="utf-8") as file:
            match = re.search(r'^model_checkpoint_path: "(.+)"', file.read(), re.MULTILINE)
    except (OSError, UnicodeDecodeError):
        return None
    return os.path.basename(match.group(1)) if match else None


def _write_state(model_dir: str, present: List[int]) -> None:
    lines = [f'model_checkpoint_path: "{PREFIX}{present[-1]}"']
    lines += [f'all_model_checkpoint_paths: "{PREFIX}{step}"' for step in present]
    path = os.path.join(model_dir, STATE_FILE)
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    os.replace(path + ".tmp", path)


def _rotate(model_dir: str, keep: int) -> None:
    present = steps(model_dir)
    if not keep or len(present) <= keep:
        return
    _write_state(model_dir, present[-keep:])
    for step in present[:-keep]:
        base = os.path.join(glob.escape(model_dir), f"{PREFIX}{step}")
        for file in sorted(glob.glob(base + ".*"), reverse=True):  # the index first
            os.remove(file)
