"""A user's own files: checked row by row, and stored as the rows that workers read."""

import copy
import os
from collections import Counter
from typing import Iterable

from preprocess.sources import (
    class_doubts,
    divided_splits,
    noted_rows,
    repeated_texts,
    stored_split,
    user_paths,
    user_split,
)
from preprocess.sources.label_sets import LabelSets
from preprocess.sources.rows import Rows
from preprocess.sources.stored_rows import TEXT_FEATURES
from preprocess.sources.stored_split import StoredSplit
from preprocess.sources.user_labels import SEVERAL, Labels, UnclearLabelsError
from preprocess.sources.user_spec import UserSpec
from preprocess.sources.user_split import UserSplit
from shared import shown, tasks
from shared.errors import UserError
from shared.files import sha256_of


class UserFiles:
    """The files of a UserSpec; TfdsDataset in tfds_dataset.py is the same for GLUE."""

    def __init__(self, spec: UserSpec):
        self._spec = spec
        self._described = None
        self._is_multi_label = spec.labels == SEVERAL
        self.text_columns = spec.text

    def describe(self) -> dict:
        """The manifest's entry for the source: columns, and each file's size and sha256.

        It is determined once, before the rows are read: the files may change later.
        """
        if self._described is None:
            self._described = self._describe()
        return copy.deepcopy(self._described)

    def _describe(self) -> dict:
        splits = {split: {"files": _described(paths)} for split, paths in self._spec.files}
        shares = self._spec.shares
        for split, _ in shares.of if shares else ():
            splits[split] = dict(splits[tasks.TRAIN_SPLIT])  # each gets numbers of its own
        return {
            "name": "files",
            "label": self._spec.label,
            "labels": self._spec.labels,
            "bad_rows": "dropped" if self._spec.drops_bad_rows else "refused",
            **({"id": self._spec.id} if self._spec.id else {}),
            **self._spec.form.described(),
            **(shares.described() if shares else {}),
            **({"deduplicate": tasks.TRAIN_SPLIT} if self._spec.deduplicates else {}),
            **({"weight": self._spec.weight} if self._spec.weight else {}),
            **({} if self._spec.windows is None else {"windows": self._spec.windows}),
            "splits": splits,
        }

    def rows(self, folder: str) -> Rows:
        """Writes <folder>/<split>.rows and describes them.

        Raises:
          UserError: rows that cannot be read, unless bad rows are dropped; or a file changes while
            it is read.
        """
        self.describe()
        splits = {split: UserSplit(self._spec, split, paths) for split, paths in self._spec.files}
        train_path = stored_split.path_of(folder, tasks.TRAIN_SPLIT)
        labels = self._labels_of(splits[tasks.TRAIN_SPLIT], train_path)
        stored = self._stored(splits, labels, folder)
        if self._spec.shares:
            is_stratified = labels.names is not None
            stored.update(
                divided_splits.drawn(
                    stored, self._spec.shares, is_stratified, folder, self._is_multi_label
                )
            )
        if self._spec.deduplicates:
            stored[tasks.TRAIN_SPLIT] = divided_splits.deduplicated(stored)
        self._check_weights(stored[tasks.TRAIN_SPLIT])
        return Rows(
            task=tasks.own(
                self._spec.task, self._spec.text, labels.names, tuple(stored), self._is_multi_label
            ),
            text_features=TEXT_FEATURES[: len(self._spec.text)],
            files={split: (of_split.file,) for split, of_split in stored.items()},
            of_files={split: of_split.facts for split, of_split in stored.items()},
            number_feature=None,
            advice="run this again",
            quality=repeated_texts.findings(stored, self._file_names()),
        )

    def _stored(
        self, splits: "dict[str, UserSplit]", labels: Labels, folder: str
    ) -> "dict[str, StoredSplit]":
        """The rows of all files, which have not changed meanwhile."""
        stored = {
            split: given.stored(stored_split.path_of(folder, split), labels)
            for split, given in splits.items()
        }
        self._check_bad_rows(splits.values())
        for given in splits.values():
            print(given.report())
        if self._describe() != self.describe():
            names = ", ".join(path for _, paths in self._spec.files for path in paths)
            raise UserError(f"one of {names} changed while being read; run this again")
        return stored

    def _file_names(self) -> "dict[str, list[str]]":
        return {
            split: [file["file"] for file in entry["files"]]
            for split, entry in self.describe()["splits"].items()
        }

    def _labels_of(self, train: UserSplit, path: str) -> Labels:
        """Args: path, where rows are stored early."""
        counts = train.labels(path, self._meaning)
        try:
            labels = self._meaning(counts)
        except UnclearLabelsError as error:
            raise UserError(
                f"{train.path}: found {error}. Say whether they are classes or scores: "
                'ARGS="--labels classes" or ARGS="--labels scores"'
            ) from None
        if labels.names is None:
            print(f"{train.path}: {_about_scores(self._spec)}")
            return labels
        if len(labels.names) < 2:
            self._check_bad_rows([train])
            raise self._too_few_classes(train, labels)
        class_doubts.check_column(train.path, self._spec.label, counts)
        print(f"{train.path}: {len(labels.names):,} classes, {labels.listed()}")
        for line in class_doubts.lines(labels.names, self._spec.labels):
            print(f"{train.path}: {line}")
        return labels

    def _meaning(self, counts: "Counter[str]") -> Labels:
        """Raises UnclearLabelsError."""
        return LabelSets(counts) if self._is_multi_label else Labels(counts, self._spec.labels)

    def _too_few_classes(self, train: UserSplit, labels: Labels) -> UserError:
        """Of no class or one."""
        if not labels.names and not train.has_rows():
            return train.nothing_left()
        found = "no row has a class"
        if labels.names:
            only = shown.value(labels.names[0])
            found = "the only class is" if self._is_multi_label else "every row has the label"
            found = f"{found} {only}"
        return UserError(f"{train.path}: {found}; expected at least two classes")

    def _check_bad_rows(self, splits: "Iterable[UserSplit]") -> None:
        bad = user_split.bad_rows(splits)
        if bad and not self._spec.drops_bad_rows:
            raise UserError(noted_rows.refusal(bad))

    def _check_weights(self, train: StoredSplit) -> None:
        weights = train.facts.weights
        if weights is not None and not weights.any():
            raise UserError(
                f"{tasks.TRAIN_SPLIT}: every row has the weight 0 in "
                f"{shown.value(self._spec.weight)}; expected some above 0"
            )


def _described(paths: "tuple[str, ...]") -> "list[dict]":
    return [
        {"file": name, "bytes": os.path.getsize(path), "sha256": sha256_of(path)}
        for name, path in zip(user_paths.names(paths), paths, strict=True)
    ]


def _about_scores(spec: UserSpec) -> str:
    if spec.labels:
        return "regression on scores"
    return (
        "the labels are decimal numbers, so this is regression on scores "
        '(ARGS="--labels classes" if they are names)'
    )
