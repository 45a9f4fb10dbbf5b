"""Where rows come from: a split of a prepared TFDS dataset, read by row range."""

import functools
import glob
import json
import os
import re
from dataclasses import dataclass
from typing import Dict, Iterator, Optional

from shared.errors import UserError, plain_message
from shared.tasks import Task

BATCH_ROWS = 1024
_INFO_FILE = "dataset_info.json"


@dataclass(frozen=True)
class Rows:
    """A batch of rows.

    Attributes:
      start: the number of its first row in the split.
      texts: one string tensor [N] for each text column of the task.
      labels: int64 [N], -1 where there is none; float32 [N] for a regression task.
    """

    start: int
    texts: tuple
    labels: object


@dataclass(frozen=True)
class SplitSize:
    """What TFDS' metadata says of a split; `bytes` is the size of its serialized examples."""

    examples: int
    bytes: int


def prepared_folder(task: Task, tfds_data_dir: str) -> Optional[str]:
    """<tfds_data_dir>/glue/<task>/<newest version>, or None where TFDS has prepared nothing."""
    pattern = os.path.join(glob.escape(tfds_data_dir), "glue", task.name, "*", _INFO_FILE)
    folders = [os.path.dirname(path) for path in glob.glob(pattern)]
    # A TFDS that was killed leaves 2.0.0.incompleteXYZ.
    versions = [folder for folder in folders if re.fullmatch(r"[0-9.]+", os.path.basename(folder))]
    return max(versions, key=_version, default=None)


def _version(folder: str) -> list:
    return [int(part) for part in os.path.basename(folder).split(".")]


@dataclass(frozen=True)
class TfdsSource:
    """A GLUE task as TFDS prepared it. Only `read` imports TensorFlow.

    Attributes:
      task: which task.
      folder: TFDS' folder of one version, <tfds_data_dir>/glue/sst2/2.0.0.
    """

    task: Task
    folder: str

    def describe(self) -> dict:
        """{"name", "version"} for the manifest."""
        return {"name": f"tfds:glue/{self.task.name}", "version": os.path.basename(self.folder)}

    def sizes(self) -> Dict[str, SplitSize]:
        """{split: SplitSize} in the task's order, from dataset_info.json.

        Raises:
          UserError: the metadata is damaged, or its splits or label names are not the task's.
        """
        path = os.path.join(self.folder, _INFO_FILE)
        try:
            with open(path, encoding="utf-8") as file:
                info = json.load(file)
            sizes = {split["name"]: _split_size(split) for split in info["splits"]}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{path} is not TFDS metadata ({error!r}); prepare the dataset again with TFDS"
            ) from None
        self._check_info(info, sizes, path)
        self._check_label_names()
        self._check_files(info["splits"])
        return {name: sizes[name] for name in self.task.splits}

    def _check_info(self, info: dict, sizes: dict, path: str) -> None:
        if info.get("fileFormat") != "tfrecord":
            raise UserError(
                f"{path} has fileFormat {info.get('fileFormat')!r}; prepare the dataset as tfrecord"
            )
        if set(sizes) != set(self.task.splits):
            raise UserError(
                f"{path} has the splits {sorted(sizes)}, task {self.task.name} has "
                f"{sorted(self.task.splits)}; prepare the dataset again with TFDS"
            )

    def _check_label_names(self) -> None:
        path = os.path.join(self.folder, "label.labels.txt")
        if self.task.is_regression or not os.path.exists(path):
            return
        with open(path, encoding="utf-8") as file:
            names = tuple(file.read().split())
        if names != self.task.label_names:
            raise UserError(
                f"{path} has the label order {names}, this program has {self.task.label_names}; "
                "prepare the dataset again with TFDS 4.9.10"
            )

    def _check_files(self, splits: list) -> None:
        for split in splits:
            shards = len(split["shardLengths"])
            for k in range(shards):
                name = f"glue-{split['name']}.tfrecord-{k:05d}-of-{shards:05d}"
                if not os.path.exists(os.path.join(self.folder, name)):
                    raise UserError(
                        f"{self.folder} lacks {name}; copy it whole, or prepare it again with TFDS"
                    )

    def read(self, split: str, start: int, stop: int) -> Iterator[Rows]:
        """Yields rows [start, stop) of the split in TFDS' order, up to 1,024 at a time.

        `as_dataset` parses row by row and takes 30 - 100 times as long as this.
        """
        import tensorflow as tf

        text = tf.io.FixedLenFeature([], tf.string)
        label = tf.io.FixedLenFeature([], tf.float32 if self.task.is_regression else tf.int64)
        spec = {**dict.fromkeys(self.task.text_columns, text), "label": label}
        for instruction in _file_instructions(self.folder, split, start, stop):
            dataset = tf.data.TFRecordDataset(instruction.filename)
            dataset = dataset.skip(instruction.skip).take(instruction.take)
            dataset = dataset.batch(BATCH_ROWS)
            for columns in self._parsed(dataset, spec, instruction.filename):
                texts = tuple(columns[name] for name in self.task.text_columns)
                yield Rows(start=start, texts=texts, labels=columns["label"])
                start += len(columns["label"])

    def _parsed(self, dataset, spec, path):
        """The batches of `dataset`, parsed; a damaged file is the user's to repair."""
        import tensorflow as tf

        try:
            for serialized in dataset:
                yield tf.io.parse_example(serialized, spec)
        except tf.errors.OpError as error:
            raise UserError(
                f"{path} is damaged ({plain_message(error)}); prepare glue/{self.task.name} "
                "again with TFDS, or copy it again"
            ) from None


def _split_size(split: dict) -> SplitSize:
    return SplitSize(
        examples=sum(int(length) for length in split["shardLengths"]),
        bytes=int(split["numBytes"]),
    )


def _file_instructions(folder: str, split: str, start: int, stop: int):
    """Which records of which files hold the rows; TFDS refuses an empty range."""
    if start == stop:
        return []
    return _split_infos(folder)[f"{split}[{start}:{stop}]"].file_instructions


@functools.lru_cache(maxsize=None)
def _split_infos(folder: str):
    import tensorflow_datasets as tfds

    return tfds.builder_from_directory(folder).info.splits
