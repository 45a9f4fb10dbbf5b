"""Which splits of a dataset a run may train on, score or predict."""

from typing import List

from shared import tasks
from shared.errors import UserError
from shared.manifest import Manifest


def to_evaluate(found: Manifest, split: "str | None") -> List[str]:
    """The splits to evaluate: the one asked for, or every labelled one but train.

    Raises:
      UserError: the split does not exist or has no labels, or no split is left.
    """
    if split is None:
        chosen = labelled(found)
        if not chosen:
            raise UserError(f"task {found.task} has no labelled split to evaluate")
        return chosen
    _check_exists(found, split)
    _check_labelled(found, split)
    return [split]


def labelled(found: Manifest) -> List[str]:
    """Every labelled split but train."""
    return [
        name for name, entry in found.splits.items() if name != tasks.TRAIN and entry.is_labelled
    ]


def to_predict(found: Manifest, split: "str | None") -> List[str]:
    """The splits to predict: the one asked for, or every one that has rows without a label.

    Raises:
      UserError: the split does not exist, or none is left.
    """
    if split is not None:
        _check_exists(found, split)
        return [split]
    chosen = [name for name, entry in found.splits.items() if not entry.is_labelled]
    if not chosen:
        raise UserError(
            f"every split of task {found.task} has labels; give --split, one of "
            f"{', '.join(found.splits)}"
        )
    return chosen


def check_train(found: Manifest) -> None:
    """Stops where there is nothing to train on."""
    if tasks.TRAIN not in found.splits:
        raise UserError(f"task {found.task} has no train split; it can only be predicted")
    _check_labelled(found, tasks.TRAIN)


def _check_exists(found: Manifest, split: str) -> None:
    if split not in found.splits:
        raise UserError(f"no split '{split}'; the dataset has {', '.join(found.splits)}")


def _check_labelled(found: Manifest, split: str) -> None:
    unlabelled = found.splits[split].unlabelled
    if unlabelled:
        raise UserError(
            f"split {split} has {unlabelled} examples without a label (-1), so it can be neither "
            "trained on nor evaluated"
        )
