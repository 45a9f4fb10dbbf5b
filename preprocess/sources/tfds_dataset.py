"""A GLUE task as prepared by TFDS, checked by its metadata; needs neither TensorFlow nor TFDS."""

import glob
import os
import re
from typing import Optional

from preprocess.sources.rows import RowFile, Rows
from shared.errors import UserError
from shared.mapping_files import read_json
from shared.tasks import Task

INFO_FILE = "dataset_info.json"
_NUMBER = "idx"  # TFDS stores rows in the order of a hash, with their numbers


def prepared_folder(task: Task, tfds_data_dir: str) -> Optional[str]:
    """<tfds_data_dir>/glue/<task>/<newest version>, or None if TFDS has prepared nothing."""
    pattern = os.path.join(glob.escape(tfds_data_dir), "glue", task.name, "*", INFO_FILE)
    folders = [os.path.dirname(path) for path in glob.glob(pattern)]
    # When TFDS is killed, it leaves 2.0.0.incompleteXYZ.
    return max(filter(version_of, folders), key=version_of, default=None)


def version_of(folder: str) -> list:
    """2.0.0 -> [2, 0, 0]; [] if it is not a version."""
    name = os.path.basename(folder)
    return [int(part) for part in name.split(".")] if re.fullmatch(r"\d+(\.\d+)*", name) else []


class TfdsDataset:
    """A prepared dataset.

    Raises:
      UserError: the metadata is damaged, or its splits or label names are not the task's.
    """

    def __init__(self, task: Task, folder: str):
        """Args: folder, of one version, <tfds_data_dir>/glue/sst2/2.0.0."""
        self.task = task
        self.text_columns = task.text_columns
        self._folder = folder
        path = os.path.join(folder, INFO_FILE)
        advice = "This is not TFDS metadata; prepare the dataset again with TFDS."
        info = read_json(path, advice)
        try:
            found = {split["name"]: _Split(split) for split in info["splits"]}
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"{path}: {error!r}. {advice}") from None
        self._check_info(info, found, path)
        self._check_label_names()
        self._splits = {name: found[name] for name in task.splits}

    def describe(self) -> dict:
        """The manifest's entry for the source: name, version, and each split's rows and bytes."""
        splits = {
            name: {"examples": split.examples, "bytes": split.bytes}
            for name, split in self._splits.items()
        }
        version = os.path.basename(self._folder)
        return {"name": f"tfds:glue/{self.task.name}", "version": version, "splits": splits}

    def rows(self, _folder: str) -> Rows:
        """Where the rows are.

        Raises:
          UserError: a file is missing.
        """
        return Rows(
            task=self.task,
            text_features=self.task.text_columns,
            files={name: self._files(name, split) for name, split in self._splits.items()},
            of_files={},
            number_feature=_NUMBER,
            advice=f"prepare glue/{self.task.name} again with TFDS, or copy it again",
        )

    def _files(self, name: str, split: "_Split") -> "tuple[RowFile, ...]":
        files = []
        for k, rows in enumerate(split.shard_lengths):
            file = f"glue-{name}.tfrecord-{k:05d}-of-{len(split.shard_lengths):05d}"
            if not os.path.exists(os.path.join(self._folder, file)):
                raise UserError(
                    f"{self._folder} lacks {file}; copy it whole, or prepare it again with TFDS"
                )
            files.append(RowFile(os.path.join(self._folder, file), rows))
        return tuple(files)

    def _check_info(self, info: dict, found: dict, path: str) -> None:
        found_format = info.get("fileFormat", "tfrecord")  # named since 2021
        if found_format != "tfrecord":
            raise UserError(
                f"{path} has fileFormat {found_format!r}; prepare the dataset as tfrecord"
            )
        if set(found) != set(self.task.splits):
            raise UserError(
                f"{path} has the splits {sorted(found)}, task {self.task.name} has "
                f"{sorted(self.task.splits)}; prepare the dataset again with TFDS"
            )

    def _check_label_names(self) -> None:
        path = os.path.join(self._folder, "label.labels.txt")
        if self.task.is_regression or not os.path.exists(path):
            return
        with open(path, encoding="utf-8") as file:
            names = tuple(file.read().split())
        if names != self.task.label_names:
            raise UserError(
                f"{path} has the label order {names}, expected {self.task.label_names}; "
                "prepare the dataset again with TFDS 4.9.10"
            )


class _Split:
    """A split in TFDS' metadata; `bytes` is the size of its serialized examples."""

    def __init__(self, entry: dict):
        self.shard_lengths = [int(length) for length in entry["shardLengths"]]
        self.examples = sum(self.shard_lengths)
        self.bytes = int(entry["numBytes"])
