"""TFDS folders of any size, made from SST-2 as TFDS prepared it: more or fewer training rows.

The validation and test splits are unchanged.
"""

import json
import os
import shutil
from dataclasses import dataclass, replace

from preprocess.formats import tfrecord
from preprocess.sources.tfds_dataset import TfdsDataset, prepared_folder
from shared import tasks
from shared.errors import UserError
from shared.tasks import TRAIN_SPLIT

TASK = tasks.get("sst2")
_INFO_FILE = "dataset_info.json"
_FRAME_BYTES = 16  # around each record, which TFDS' numBytes leaves out


@dataclass(frozen=True)
class Input:
    """A folder for --tfds_data_dir, and its rows in all splits."""

    tfds_data_dir: str
    rows: int


@dataclass(frozen=True)
class _Split:
    """The content of a TFRecord file, which is written to it `times` times."""

    content: bytes
    rows: int
    times: int = 1


def train_file(made: Input) -> str:
    """The one file of a made input's train split."""
    folder = prepared_folder(TASK, made.tfds_data_dir)
    return os.path.join(folder, _file_name(TRAIN_SPLIT))


def repeated(tfds_data_dir: str, least_rows: int, target: str) -> Input:
    """The train split, repeated until it has at least `least_rows` rows."""
    source = _prepared(tfds_data_dir)
    splits = _splits(source)
    whole = splits[TRAIN_SPLIT]
    splits[TRAIN_SPLIT] = replace(whole, times=-(-least_rows // whole.rows))
    return _write(source, splits, target)


def shortened(tfds_data_dir: str, most_rows: int, target: str) -> Input:
    """The first rows of the train split, at most half a megabyte of them."""
    source = _prepared(tfds_data_dir)
    file = TfdsDataset(TASK, source).rows(source).files[TRAIN_SPLIT][0]
    records = next(tfrecord.read(file.path)).first(most_rows).as_list()
    splits = {**_splits(source), TRAIN_SPLIT: _Split(tfrecord.frame(records), len(records))}
    return _write(source, splits, target)


def _prepared(tfds_data_dir: str) -> str:
    folder = prepared_folder(TASK, tfds_data_dir)
    if folder is None:
        raise UserError(
            f"--tfds_data_dir {tfds_data_dir} has no glue/{TASK.name}; give the folder in which "
            "TFDS has prepared it"
        )
    return folder


def _splits(source: str) -> "dict[str, _Split]":
    files = TfdsDataset(TASK, source).rows(source).files
    return {
        name: _Split(b"".join(_content(file.path) for file in parts), sum(f.rows for f in parts))
        for name, parts in files.items()
    }


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _write(source: str, splits: "dict[str, _Split]", target: str) -> Input:
    """Replaces the folder `target` by <target>/glue/sst2/<version>."""
    shutil.rmtree(target, ignore_errors=True)
    folder = os.path.join(target, "glue", TASK.name, os.path.basename(source))
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("*.tfrecord-*", _INFO_FILE))
    os.chmod(folder, 0o755)  # the source may be read-only
    for name, split in splits.items():
        with open(os.path.join(folder, _file_name(name)), "wb") as file:
            for _ in range(split.times):
                file.write(split.content)
    _write_info(source, splits, folder)
    return Input(target, sum(split.rows * split.times for split in splits.values()))


def _file_name(split: str) -> str:
    return f"glue-{split}.tfrecord-00000-of-00001"


def _write_info(source: str, splits: "dict[str, _Split]", folder: str) -> None:
    with open(os.path.join(source, _INFO_FILE), encoding="utf-8") as file:
        info = json.load(file)
    for entry in info["splits"]:
        split = splits[entry["name"]]
        record_bytes = len(split.content) - _FRAME_BYTES * split.rows
        entry["shardLengths"] = [str(split.rows * split.times)]
        entry["numBytes"] = str(record_bytes * split.times)
    with open(os.path.join(folder, _INFO_FILE), "w", encoding="utf-8") as file:
        json.dump(info, file)
