"""Writes and reads checkpoints: {name: tensor} in TensorFlow's name-based format."""

import contextlib
import glob
import os
from typing import Callable, Dict, List

import numpy as np
import tensorflow as tf

from shared.errors import UserError, of_library, plain_message
from shared.files import check_are_no_links
from shared.remote import mirror
from train.checkpoints import claims, files

GLOBAL_STEP = "global_step"
# What SaveV2 writes, in the order of renaming: a checkpoint without .index does not exist.
_ENDINGS = (".data-00000-of-00001", ".index")


def save(model_dir: str, step: int, tensors: Dict[str, tf.Tensor], keep: int) -> str:
    """Writes model.ckpt-<step>, whole or not at all, then removes the oldest beyond `keep`.

    Args:
      tensors: {name in the checkpoint: tensor}.
      keep: how many of the newest checkpoints to keep; 0 keeps all.
    Returns:
      The checkpoint's path without the extensions of its files.
    """
    path = files.path_of(model_dir, step)
    temporary = os.path.join(model_dir, files.TEMPORARY + os.path.basename(path))
    try:
        files.clean(model_dir)
        _write(temporary, tensors)
        files.announce(model_dir, step)
        for ending in _ENDINGS:
            os.replace(temporary + ending, path + ending)
        files.rotate(model_dir, keep)
    except (OSError, tf.errors.OpError) as error:
        with contextlib.suppress(OSError):
            files.clean(model_dir)
        what = f"the checkpoint {path}"
        raise of_library(error, what) or UserError(
            f"cannot write {what}: {plain_message(error)}; earlier checkpoints are untouched"
        ) from None
    mirror.changed(model_dir)
    return path


def _write(prefix: str, tensors: Dict[str, tf.Tensor]) -> None:
    if tf.executing_eagerly():
        _save(prefix, tensors)
        return
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:  # as with Cerebras' TensorFlow
        session.run(_save(prefix, tensors))


def _save(prefix, tensors):
    names = sorted(tensors)
    return tf.raw_ops.SaveV2(
        prefix=prefix,
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[tf.convert_to_tensor(tensors[name]) for name in names],
    )


class DamagedError(UserError):
    """The files of a checkpoint are missing or damaged."""


def read(path: str, names, optional=()) -> Dict[str, np.ndarray]:
    """{name: array} of a checkpoint.

    Args: optional, names that are read if present.
    Raises:
      DamagedError: its files are missing or damaged.
      UserError: it lacks some of `names`; all are listed. Or one of its files is a link.
    """
    with _opened(path) as reader:
        _check_has(path, reader, names)
        there = [*names, *(name for name in optional if reader.has_tensor(name))]
        return {name: reader.get_tensor(name) for name in there}


def check_has(path: str, names) -> None:
    """Checks that a checkpoint has all of `names`; raises as `read`."""
    with _opened(path) as reader:
        _check_has(path, reader, names)


def lacking(path: str, names) -> List[str]:
    """Those of `names` that a checkpoint does not have."""
    with _opened(path) as reader:
        return _lacking(reader, names)


def _lacking(reader, names) -> List[str]:
    return [name for name in names if not reader.has_tensor(name)]


@contextlib.contextmanager
def _opened(path: str):
    _check_exists(path)
    check_are_no_links(*glob.glob(glob.escape(path) + ".*"))
    try:
        reader = tf.train.load_checkpoint(path)
        claims.check(reader, path)
        yield reader
    except (tf.errors.OpError, OSError, IndexError, ValueError, RuntimeError) as error:
        _check_exists(path)
        raise DamagedError(f"the checkpoint {path} is damaged: {plain_message(error)}") from None


def _check_exists(path):
    if not os.path.exists(path + ".index"):
        raise DamagedError(
            f"the checkpoint {path} no longer exists; a running training may have removed it"
        )


def _check_has(path, reader, names):
    missing = _lacking(reader, names)
    if missing:
        listed = "".join("\n  " + name for name in missing)
        raise UserError(f"the checkpoint {path} lacks {len(missing)} variables:{listed}")


def read_newest(model_dir: str, reader: Callable[[str], dict]):
    """(path, what the reader returns) of the newest checkpoint that can be used.

    They are listed again after each that cannot: a running training may have replaced them.

    Args: reader, a function such as `read` of a path.
    Raises:
      UserError: none of them can be used.
    """
    tried = []  # type: List[str]
    while True:
        path = next((path for path in files.newest_first(model_dir) if path not in tried), None)
        if path is None:
            raise UserError(
                f"no checkpoint in {model_dir} can be read ({len(tried)} tried); choose another "
                "MODEL_DIR to start over"
            )
        try:
            return path, reader(path)
        except DamagedError as error:
            is_there = os.path.exists(path + ".index")
            print(f"{error}. Trying the {'previous' if is_there else 'newest'} one.")
            tried.append(path)
