"""Which checkpoints a model_dir holds: the files model.ckpt-<step>, listed in `checkpoint`.

The format is tf.estimator's, so a model_dir can go from one backend to the other. Paths in
`checkpoint` are relative, so it may be moved. A checkpoint without its .index does not exist.
"""

import glob
import os
import re
from typing import List

from shared.errors import UserError
from shared.files import write_whole

PREFIX = "model.ckpt-"
_NAME = re.escape(PREFIX) + r"(\d+)"
STATE_FILE = "checkpoint"
TEMPORARY = ".tmp-"  # prefix of the files that a save is writing


def path_of(model_dir: str, step: int) -> str:
    """A checkpoint's path, without the extensions of its files."""
    return os.path.join(model_dir, f"{PREFIX}{step}")


def step_of(path: str) -> int:
    """1000 for .../model.ckpt-1000; 0 for a path that names no step."""
    match = re.search(_NAME + "$", path)
    return int(match.group(1)) if match else 0


def steps(model_dir: str) -> List[int]:
    """The steps of the checkpoints on disk, in ascending order."""
    names = os.listdir(model_dir) if os.path.isdir(model_dir) else []
    matches = (re.match(_NAME + r"\.index$", name) for name in names)
    return sorted(int(match.group(1)) for match in matches if match)


def newest_first(model_dir: str) -> List[str]:
    """The paths of the checkpoints to resume from: the one that `checkpoint` names, then those
    before it; empty for a fresh model_dir.

    Raises:
      UserError: there are checkpoint files, but `checkpoint` is missing, unreadable or names
        none of them. Starting over would silently discard a training.
    """
    on_disk = steps(model_dir)
    named = next((step for step in _listed_steps(model_dir) if step in on_disk), None)
    if named is not None:
        return [path_of(model_dir, step) for step in reversed(on_disk) if step <= named]
    if not on_disk:
        return []  # fresh, or killed before its first checkpoint was complete
    if on_disk != steps(model_dir):  # a running training has replaced them since
        return newest_first(model_dir)
    raise UserError(
        f"{os.path.join(model_dir, STATE_FILE)} names none of the existing checkpoints: "
        + ", ".join(f"{PREFIX}{step}" for step in on_disk)
        + f'. Write the line\n  model_checkpoint_path: "{PREFIX}<step>"\ninto it, or choose '
        "another MODEL_DIR to start over."
    )


def announce(model_dir: str, step: int) -> None:
    """Lists the checkpoint of `step`, which is about to appear, as the newest, before its .index.

    A kill in between leaves the name of a missing file, which `newest_first` skips. Checkpoints
    from this step on belong to a training that was rolled back, and are removed first.
    """
    present = steps(model_dir)
    for abandoned in (later for later in present if later >= step):
        print(f"removing {path_of(model_dir, abandoned)}: training resumed before it")
        _remove(model_dir, abandoned)
    _write_state(model_dir, [*(kept for kept in present if kept < step), step])


def go_back(model_dir: str, step: int) -> None:
    """Makes the newest checkpoint before `step` the one to resume from; prints what it did.

    Those from this step on have weights that diverged; the next save removes them.
    """
    present = steps(model_dir)
    before = [kept for kept in present if kept < step]
    if before == present:
        return
    diverged = path_of(model_dir, present[len(before)])
    if not before:
        print(f"{diverged} has the weights that diverged, and no checkpoint before it is left")
        return
    _write_state(model_dir, before)
    print(
        f"{diverged} has the weights that diverged; the next run resumes from "
        + path_of(model_dir, before[-1])
    )


def clean(model_dir: str) -> None:
    """Removes what a kill during a save or a removal left behind."""
    whole = steps(model_dir)
    for name in os.listdir(model_dir):
        part = re.match(_NAME + r"\.", name)
        if name.startswith(TEMPORARY) or (part and int(part.group(1)) not in whole):
            os.remove(os.path.join(model_dir, name))


def settle(model_dir: str) -> None:
    """Makes `checkpoint` name files of this folder, for a tf.estimator to resume from.

    Cerebras' estimator may have written absolute paths. In a copied folder they name the original,
    from which it would resume, or nothing, and it would start over.
    """
    state = os.path.join(model_dir, STATE_FILE)
    present = newest_first(model_dir)
    if present:
        with open(state, encoding="utf-8") as file:
            folders = set(re.findall(r'_paths?: "(.*)/[^/"]*"', file.read()))
        if folders - {os.path.abspath(model_dir)}:
            _write_state(model_dir, [step_of(path) for path in reversed(present)])


def rotate(model_dir: str, keep: int) -> None:
    """Removes all but the `keep` newest; 0 keeps all."""
    present = steps(model_dir)
    if keep and len(present) > keep:
        _write_state(model_dir, present[-keep:])
        for step in present[:-keep]:
            _remove(model_dir, step)


def _remove(model_dir: str, step: int) -> None:
    files = glob.glob(glob.escape(path_of(model_dir, step)) + ".*")
    for file in sorted(files, reverse=True):  # .index before .data
        os.remove(file)


def listed(folder: str) -> List[str]:
    """The checkpoints that `checkpoint` names, of any name, the newest first.

    Only base names count: tf.estimator may have written absolute paths of another machine.
    """
    try:
        with open(os.path.join(folder, STATE_FILE), encoding="utf-8") as file:
            content = file.read()
    except (OSError, UnicodeDecodeError):
        return []

    def named_by(key):
        return re.findall(f'^{key}: "(?:.*/)?([^/"]+)"', content, re.MULTILINE)

    newest, others = named_by("model_checkpoint_path"), named_by("all_model_checkpoint_paths")
    return [*newest, *reversed(others)]


def _listed_steps(model_dir: str) -> List[int]:
    matches = (re.match(_NAME + "$", name) for name in listed(model_dir))
    return [int(match.group(1)) for match in matches if match]


def _write_state(model_dir: str, present: List[int]) -> None:
    lines = [f'model_checkpoint_path: "{PREFIX}{present[-1]}"']
    lines += [f'all_model_checkpoint_paths: "{PREFIX}{step}"' for step in present]
    write_whole(os.path.join(model_dir, STATE_FILE), "\n".join(lines) + "\n")
