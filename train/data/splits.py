"""Which splits of a dataset a run may train on, score or predict."""

from typing import List

from shared import tasks
from shared.errors import UserError
from shared.manifest import Manifest


def to_evaluate(manifest: Manifest, split: "str | None") -> List[str]:
    """The splits to evaluate: the requested one, or every labelled one but train.

    Raises:
      UserError: the split does not exist or has no labels, or no split is left.
    """
    if split is None:
        chosen = labelled(manifest)
        if not chosen:
            raise UserError(f"task {manifest.task} has no labelled split to evaluate")
        return chosen
    _check_exists(manifest, split)
    _check_labelled(manifest, split)
    return [split]


def labelled(manifest: Manifest) -> List[str]:
    """Every labelled split but train; tests come last, for the first one chooses the best model."""
    names = sorted(tasks.in_order(manifest.splits), key=tasks.is_test)
    return [
        name for name in names if name != tasks.TRAIN_SPLIT and manifest.splits[name].is_labelled
    ]


def to_predict(manifest: Manifest, split: "str | None") -> List[str]:
    """The splits to predict: the requested one, or every one that has rows without a label.

    Raises:
      UserError: the split does not exist, or none is left.
    """
    if split is not None:
        _check_exists(manifest, split)
        return [split]
    chosen = [name for name, entry in manifest.splits.items() if not entry.is_labelled]
    if not chosen:
        raise UserError(
            f"every split of task {manifest.task} has labels; give --split, one of "
            f"{', '.join(manifest.splits)}"
        )
    return chosen


def check_train(manifest: Manifest) -> None:
    """Checks that there is something to train on."""
    if tasks.TRAIN_SPLIT not in manifest.splits:
        raise UserError(f"task {manifest.task} has no train split; it can only be predicted")
    _check_labelled(manifest, tasks.TRAIN_SPLIT)


def _check_exists(manifest: Manifest, split: str) -> None:
    if split not in manifest.splits:
        raise UserError(f"no split '{split}'; the dataset has {', '.join(manifest.splits)}")


def _check_labelled(manifest: Manifest, split: str) -> None:
    unlabelled = manifest.splits[split].unlabelled
    if unlabelled:
        raise UserError(
            f"split {split} has {unlabelled} examples without a label (-1), so it can be neither "
            "trained on nor evaluated"
        )
