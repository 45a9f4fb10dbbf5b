"""What becomes of the rows once all are stored: splits are drawn, training rows are dropped."""

from dataclasses import replace

import numpy as np

from preprocess.sources import drawing, repeated_texts, stored_split
from preprocess.sources.shares import Shares
from preprocess.sources.stored_split import DROPPED, StoredSplit
from shared.errors import UserError
from shared.tasks import TRAIN_SPLIT


def drawn(
    stored: "dict[str, StoredSplit]",
    shares: Shares,
    is_stratified: bool,
    folder: str,
    are_sets: bool = False,
) -> "dict[str, StoredSplit]":
    """The training file's rows, divided by the shares.

    Args: is_stratified, are_sets, as in drawing.parts; folder, where rows are stored.
    Raises:
      UserError: a split would have no row.
    """
    train, splits = stored[TRAIN_SPLIT], (TRAIN_SPLIT, *dict(shares.of))
    parts = drawing.parts(train.marks, shares, is_stratified, are_sets)
    counts = np.bincount(parts, minlength=len(splits)).tolist()
    for split, rows in zip(splits, counts, strict=True):
        if not rows:
            another = ", or another group" if shares.group else ""
            raise UserError(
                f"of {len(parts):,} rows, {split} would have none; give other shares{another}"
            )
    print(shares.in_words(dict(zip(splits, counts, strict=True)), is_stratified))
    paths = [stored_split.path_of(folder, split) for split in splits]
    return dict(zip(splits, stored_split.divide(train, parts, paths), strict=True))


def deduplicated(stored: "dict[str, StoredSplit]") -> StoredSplit:
    """The training rows without those that come again, or stand in another split.

    Raises:
      UserError: none would be left.
    """
    train = stored[TRAIN_SPLIT]
    others = [of_split for split, of_split in stored.items() if split != TRAIN_SPLIT]
    is_repeated, is_elsewhere = repeated_texts.to_drop(train, others)
    is_dropped = is_repeated | is_elsewhere
    if is_dropped.all():
        raise UserError(
            f"deduplicate: every row of {TRAIN_SPLIT} stands in another split, too; give other "
            "files"
        )
    counts = {
        "repeated_rows_dropped": int(is_repeated.sum()),
        "rows_of_other_splits_dropped": int(is_elsewhere.sum()),
    }
    again, elsewhere = counts.values()
    print(
        f"{TRAIN_SPLIT}: rows dropped: {again:,} that come again, {elsewhere:,} that stand in "
        "another split"
    )
    parts = np.where(is_dropped, DROPPED, 0)
    (left,) = stored_split.divide(train, parts, [train.file.path])
    return replace(left, facts=replace(left.facts, left_out={**left.facts.left_out, **counts}))
