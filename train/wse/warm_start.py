"""A checkpoint that tf.estimator's warm start can read, from weights of any format.

Warm start finds variables by name, so a checkpoint that has the run's weights under the Model Zoo's
names is read in place. The weights of any other are first written below model_dir, in the form that
train.convert writes.
"""

import errno
import hashlib
import os
import shutil
import uuid
from typing import Dict, Optional

import numpy as np
import tensorflow as tf

from shared.errors import UserError
from train.checkpoints import files
from train.checkpoints import tensors as checkpoint
from train.planning.plan import Plan


def path_of(plan: Plan) -> Optional[str]:
    """The checkpoint's path, without the extensions of its files; None for random weights.

    Several processes may call it at once: each finds or writes the same files.

    Raises:
      UserError: it cannot be written.
    """
    if plan.source is None:
        return None
    weights = plan.source.read()
    if _has(plan.source.path, weights):
        return os.path.abspath(plan.source.path)
    folder = os.path.join(os.path.abspath(plan.model_dir), f"warm_start-{_digest(weights)}")
    if not os.path.exists(folder):
        print(f"converting {plan.source.path} for a warm start: {folder}")
        _write(folder, weights)
    return files.path_of(folder, 0)


def _has(path: str, weights: Dict[str, np.ndarray]) -> bool:
    """Whether a checkpoint has exactly these: a run may use a part of a table, in another order."""
    if not os.path.exists(path + ".index"):
        return False
    reader = tf.train.load_checkpoint(path)
    return all(
        reader.has_tensor(name)
        and reader.get_tensor(name).dtype == array.dtype
        and np.array_equal(reader.get_tensor(name), array)
        for name, array in weights.items()
    )


def _digest(weights: Dict[str, np.ndarray]) -> str:
    """12 hexadecimal digits that identify these weights."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(weights[name]))
    return digest.hexdigest()[:12]


def _write(folder: str, weights: Dict[str, np.ndarray]) -> None:
    temporary = f"{folder}.{uuid.uuid4().hex}.tmp"
    try:
        os.makedirs(temporary)
        tensors = {**weights, checkpoint.GLOBAL_STEP: np.int64(0)}
        checkpoint.save(temporary, 0, tensors, keep=0)
        os.rename(temporary, folder)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):  # else another process was first
            raise UserError(f"cannot write {folder}: {error.strerror}") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
