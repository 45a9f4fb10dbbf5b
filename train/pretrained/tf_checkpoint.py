"""Finds and reads TensorFlow checkpoint files of any origin."""

import glob
import os
import re
from typing import Dict, List

import numpy as np

from shared import quiet
from shared.errors import UserError, plain_message
from shared.files import check_is_no_pointer
from train.checkpoints import claims, files, model_dir

_INDEX = ".index"
# What the Model Zoo appends to the name of a variable whose gradients it accumulates.
_ACCUMULATOR = r"_grad_accum_\d+$"


def prefixes(path: str) -> List[str]:
    """The checkpoints at a path, without the extensions of their files.

    Args: path, a folder or a prefix (runs/model.ckpt-1000).
    """
    if os.path.isdir(path):
        found = sorted(glob.glob(os.path.join(glob.escape(path), "*" + _INDEX)))
        return [file[: -len(_INDEX)] for file in found]
    return [path] if os.path.exists(path + _INDEX) else []


def choose(path: str, found: List[str]) -> str:
    """The one of `prefixes(path)` to use: the one that `checkpoint` names, else the only one.

    Raises:
      UserError: `checkpoint` names none of them, or is missing and there are several of them.
    """
    state = os.path.join(path, files.STATE_FILE)
    if os.path.exists(state):
        named = [os.path.join(path, name) for name in files.listed(path)]
        present = [prefix for prefix in named if prefix in found]
        if present:
            return present[0]
        reason = f"{state} names none of the existing checkpoints"
    elif len(found) == 1:
        return found[0]
    else:
        reason = f"{path} has several checkpoints"
    listed = "".join("\n  " + prefix for prefix in found)
    raise UserError(f"{reason}; give one of them instead of the folder:{listed}")


def read(prefix: str) -> Dict[str, np.ndarray]:
    """{name: array} of the variables of a model.

    What training stores beside them is left out: scalars (the step, loss-scale state, powers of
    beta), an optimizer's slots, which are named below a variable (<variable>/adam_m), and the
    gradients that the Model Zoo accumulates (<variable>_grad_accum_0).

    Raises:
      UserError: the files are damaged or incomplete.
    """
    model_dir.check_name(prefix)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with quiet.native_stderr():
        import tensorflow as tf

    try:
        reader = tf.train.load_checkpoint(prefix)
        claims.check(reader, prefix)
        shapes = reader.get_variable_to_shape_map()
        weights = (name for name in shapes if shapes[name] and not _belongs(name, shapes))
        return {name: reader.get_tensor(name) for name in weights}
    except (tf.errors.OpError, OSError, IndexError, ValueError, RuntimeError) as error:
        for file in glob.glob(glob.escape(prefix) + ".*"):
            check_is_no_pointer(file)
        raise UserError(
            f"the checkpoint {prefix} is damaged or incomplete: {plain_message(error)}. Copy all "
            "its files again: .index and every .data."
        ) from None


def _belongs(name: str, others) -> bool:
    """Whether a variable is stored for another one: a slot, or its gradients."""
    stem = re.sub(_ACCUMULATOR, "", name)
    return name.rpartition("/")[0] in others or (stem != name and stem in others)
