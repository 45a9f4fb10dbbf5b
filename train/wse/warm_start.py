"""A checkpoint that tf.estimator's warm start can read, from weights of any format.

Warm start finds variables by name, so a checkpoint with the Model Zoo's names is read in place. The
weights of any other are first written below model_dir, in the form that train.convert writes.
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
from train.model import variables
from train.plan import Plan


def path_of(plan: Plan) -> Optional[str]:
    """The checkpoint's path, without the extensions of its files; None for random weights.

    Several processes may call it at once: each finds or writes the same files.

    Raises:
      UserError: it cannot be written.
    """
    if plan.source is None:
        return None
    if _has_our_names(plan.source.path):
        return os.path.abspath(plan.source.path)
    weights = plan.source.read()
    folder = os.path.join(os.path.abspath(plan.model_dir), f"warm_start-{_digest(weights)}")
    if not os.path.exists(folder):
        print(f"converting {plan.source.path} for a warm start: {folder}")
        _write(folder, weights)
    return files.path_of(folder, 0)


def _has_our_names(path: str) -> bool:
    return os.path.exists(path + ".index") and tf.train.load_checkpoint(path).has_tensor(
        variables.WORD_EMBEDDINGS
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
