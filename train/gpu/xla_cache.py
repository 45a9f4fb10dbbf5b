"""Where XLA stores its compiled programs, so that the next process need not compile them.

TensorFlow's own cache: one file for each program, which is found by the program's content, appears
whole or not at all, and may be shared by several processes. A file does not tell for which machine
it was compiled, so there is a folder for each kind of machine and version of TensorFlow. What is in
it is run, so it is used only where nobody else can write.
"""

import contextlib
import glob
import hashlib
import os
import platform
import re
import shutil
import sys
from typing import Callable, List, Optional

from shared import permissions
from train.gpu import xla_flags

VARIABLE = "XLA_CACHE"  # in the environment: another folder; empty for none
_DEFAULT = os.path.join("build", "xla")
_FLAGS = "TF_XLA_FLAGS"
# A program that cannot be stored ends the run, so there must be room for some.
_NEEDED_BYTES = 64 * 2**20
# Variables that change programs, and that TensorFlow does not ask when it looks for one.
COMPILED_BY = (xla_flags.VARIABLE, "TF_DETERMINISTIC_OPS", "NVIDIA_TF32_OVERRIDE")
_FLAG = "--tf_xla_persistent_cache_directory="


def choose() -> None:
    """Sets the folder in TensorFlow's flags; call it before TensorFlow is imported.

    A folder in the user's own flags is kept. Damaged files are removed, because TensorFlow would
    fail on them.
    """
    if folder() is not None or why_none() is not None:
        return
    path = _folder_in(os.environ.get(VARIABLE, _DEFAULT))
    for damaged in filter(_is_damaged, _files(path)):
        print(f"removing {damaged}: it is incomplete")
        os.remove(damaged)
    os.environ[_FLAGS] = f'{os.environ.get(_FLAGS, "")} {_FLAG}"{path}"'.strip()
    # For each program that it finds, TensorFlow logs errors that are not errors.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def folder() -> Optional[str]:
    """The folder in use, or None."""
    found = re.search(_FLAG + r"(\"[^\"]*\"|'[^']*'|\S*)", os.environ.get(_FLAGS, ""))
    return found.group(1).strip("\"'") if found else None


def why_none() -> Optional[str]:
    """Why no folder can be used, or None; the same before and after TensorFlow is imported."""
    if folder() is not None:
        return None
    path = os.environ.get(VARIABLE, _DEFAULT)
    if not path:
        return f"{VARIABLE} is empty"
    if re.search(r'["\\\n]', os.path.realpath(path)):
        return f"{path} has a character that TensorFlow's flags do not allow in a folder name"
    if not re.match(r"\s*(-|$)", os.environ.get(_FLAGS, "")):
        return f"{_FLAGS} is a file; give the flags themselves"
    there = _existing(_folder_in(path))
    open_folder = permissions.open_to_others(there)
    if open_folder is not None:
        return (
            f"others can write to {open_folder}, and what is in {path} is run; choose another "
            f"folder with {VARIABLE}, or take their right away (chmod go-w {open_folder})"
        )
    if not os.access(there, os.W_OK | os.X_OK):
        return f"{path} cannot be written to; choose another folder with {VARIABLE}"
    if shutil.disk_usage(there).free < _NEEDED_BYTES:
        return f"{path} has less than {_NEEDED_BYTES // 2**20} MiB of free space"
    if "tensorflow" in sys.modules:
        return "TensorFlow was imported too early"
    return None


def _folder_in(path: str) -> str:
    """The machine's, as it is when links are followed: those could be changed later."""
    return os.path.join(os.path.realpath(path), _machine())


def _existing(path: str) -> str:
    """The path, or the nearest folder above that exists."""
    return path if os.path.exists(path) else _existing(os.path.dirname(path))


def _files(path: str) -> List[str]:
    return glob.glob(os.path.join(glob.escape(path), "*.pb"))


def programs() -> int:
    """How many programs the folder holds."""
    return len(_files(folder() or ""))


@contextlib.contextmanager
def reported(count: Callable[[], int]):
    """Prints after the block how many of its programs were found.

    Args: count, returns how many have run.
    """
    run, files = count(), programs()
    try:
        yield
    finally:
        if count() > run:
            print(_report(count() - run, programs() - files))


def _report(run: int, new: int) -> str:
    if folder() is None:
        return f"XLA compiled {run} programs and stored none: {why_none()}"
    new = min(new, run)  # other processes may write, too
    return f"XLA: {run - new} of {run} programs came from {folder()}, {new} were compiled"


def _machine() -> str:
    """A name for this kind of machine and these flags: what its programs depend on."""
    told = [_version(), platform.machine(), *_facts("/proc/cpuinfo", "model name|flags")]
    told += [os.environ.get(name, "") for name in COMPILED_BY]
    for gpu in sorted(glob.glob("/proc/driver/nvidia/gpus/*/information")):
        told += _facts(gpu, "Model")
    return f"{platform.machine()}-{hashlib.sha256(repr(told).encode()).hexdigest()[:12]}"


def _facts(path: str, names: str) -> List[str]:
    """The lines of a file of `name: value` with these names, each once."""
    try:
        with open(path, encoding="utf-8") as file:
            return sorted({line for line in file if re.match(rf"({names})\s*:", line)})
    except OSError:
        return []


def _version() -> str:
    """TensorFlow's, without importing it."""
    from importlib import metadata  # Python 3.8; XLA is used only with later versions

    try:
        return metadata.version("tensorflow")
    except metadata.PackageNotFoundError:
        return "unknown"


def _is_damaged(path: str) -> bool:
    """Whether the file is not a sequence of length-delimited protocol buffer fields."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        while file.tell() < size:
            if _varint(file) & 7 != 2:
                return True
            file.seek(_varint(file), os.SEEK_CUR)
        return size == 0 or file.tell() > size


def _varint(file) -> int:
    """The number that begins here: seven bits in each byte, the lowest first."""
    number, shift = 0, 0
    while True:
        byte = (file.read(1) or b"\0")[0]
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return number
