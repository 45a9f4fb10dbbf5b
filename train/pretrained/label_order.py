"""Which output of a classifier answers each label of the data."""

from typing import Callable, List, Optional, Sequence, Tuple

from shared.errors import UserError
from shared.manifest import Manifest
from train.pretrained import output_layer
from train.pretrained.weights import in_one_line


def columns(checkpoint, manifest: Manifest, log: Callable[[str], None]) -> List[int]:
    """The outputs of a checkpoint in the order of the data's labels.

    Its labels are found by name: exactly or, where that leaves no doubt, whatever their case
    (checkpoints say ENTAILMENT where GLUE says entailment).

    Args: log, receives a line where the order or the case differs, or nothing tells the order.
    Raises:
      UserError: it has other labels, or a score where the data has labels, or one label a row where
        the data has several, or the reverse.
    """
    expected = manifest.label_names
    if checkpoint.is_score != (expected is None):
        raise _other_labels(checkpoint, manifest)
    if checkpoint.is_multi_label != manifest.is_multi_label:
        theirs, ours = map(_labels_a_row, (checkpoint, manifest))
        raise UserError(
            f"{checkpoint.path} answers {theirs}, but the data of {manifest.task} has {ours}; give "
            "data of its kind, or a classifier for this one"
        )
    stated = _stated(checkpoint, expected)
    if stated is None and checkpoint.outputs == manifest.num_classes:
        if expected is not None:
            log(
                f"{checkpoint.path} does not name its labels; its outputs are assumed to be "
                f"{in_one_line(expected)}, in this order"
            )
        return list(range(checkpoint.outputs))
    order = _order(stated or (), expected or ())
    if len(order) != checkpoint.outputs:
        raise _other_labels(checkpoint, manifest)
    _tell(checkpoint, stated, expected, order, log)
    return order


def _labels_a_row(of) -> str:
    """Args: of, a Pretrained or a Manifest."""
    return "several labels a row" if of.is_multi_label else "one label a row"


def _stated(checkpoint, expected: Optional[Sequence[str]]) -> Optional[Tuple[str, ...]]:
    """Its label names; LABEL_0, LABEL_1, ... are names only if the data has them, too."""
    if checkpoint.label_names is not None:
        return checkpoint.label_names
    numbered = output_layer.nameless(checkpoint.outputs)
    return numbered if set(numbered) == set(expected or ()) else None


def _order(stated: Sequence[str], expected: Sequence[str]) -> List[int]:
    """The position in `stated` of each name of `expected`; empty if they do not correspond."""
    for fold in (str, str.lower):
        theirs, ours = [fold(name) for name in stated], [fold(name) for name in expected]
        if sorted(theirs) == sorted(ours) and len(set(ours)) == len(ours):
            return [theirs.index(name) for name in ours]
    return []


def _tell(checkpoint, stated, expected, order: List[int], log) -> None:
    if order != sorted(order):
        log(
            f"{checkpoint.path} has its labels in the order {in_one_line(stated)}; its outputs are "
            f"put into the data's order, {in_one_line(expected)}"
        )
    elif tuple(stated) != tuple(expected):
        log(f"{checkpoint.path} has the labels {in_one_line(stated)}: matched whatever their case")


def _other_labels(checkpoint, manifest: Manifest) -> UserError:
    a_score = ["a score, no labels"]
    nameless = a_score if checkpoint.is_score else [f"{checkpoint.outputs} labels without names"]
    theirs = checkpoint.label_names or nameless
    return UserError(
        f"the outputs of {checkpoint.path} are not the labels of the data:\n"
        f"  the checkpoint has {in_one_line(theirs)}\n"
        f"  the data has       {in_one_line(manifest.label_names or a_score)}\n"
        f"Give data that was built with its labels, or a classifier for {manifest.task}."
    )
