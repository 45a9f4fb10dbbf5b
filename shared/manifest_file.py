"""manifest.json, the description of a dataset on disk.

    data/sst2/msl72/manifest.json
    data/sst2/msl72/train/train-00000-of-00009.tfrecord ...

A folder without it is not a dataset: it is written last.
"""

import dataclasses
import glob
import os
from typing import Any, Dict, Union

from shared import where
from shared.errors import UserError
from shared.files import is_plain_name, write_whole
from shared.manifest import (
    LEFT_OUT_IF_NONE,
    Manifest,
    Shard,
    Split,
    Vocabulary,
    json_text,
    schema_version,
)
from shared.mapping_files import json_of, read_json
from shared.records import special_tokens
from shared.row_weights import RowWeights
from shared.where import MANIFEST_FILE
from shared.word_pieces import REQUIRED

_REBUILD = "Rebuild the dataset with `make data TASK=<task> ARGS=--overwrite`."


def is_dataset(dataset: str) -> bool:
    return os.path.exists(os.path.join(dataset, MANIFEST_FILE))


def write_manifest(dataset: str, manifest: Manifest) -> None:
    """Writes manifest.json, whole or not at all: its presence marks the dataset as complete."""
    text = json_text(manifest.as_dict(), indent=2) + "\n"
    write_whole(os.path.join(dataset, MANIFEST_FILE), text)


def read_manifest(dataset: str) -> Manifest:
    """Reads <dataset>/manifest.json.

    Raises:
      UserError: it is missing, not JSON, has another schema version or lacks a key.
    """
    path = os.path.join(dataset, MANIFEST_FILE)
    if not os.path.exists(path):
        raise UserError(
            f"{dataset} is not a complete dataset: {path} is missing. {_datasets_near(dataset)}"
        )
    return _from_json(read_json(path, _REBUILD), path)


def parsed(content: bytes, path: str) -> Manifest:
    """As read_manifest, of a manifest.json whose bytes have been read; args: path, for messages."""
    return _from_json(json_of(content, path, _REBUILD), path)


def _datasets_near(folder: str) -> str:
    """Advice for a user who gave the folder of all datasets, or a length that was not built."""
    found = glob.glob(os.path.join(glob.escape(folder), "**", MANIFEST_FILE), recursive=True)
    if found:
        listed = ", ".join(sorted(os.path.dirname(path) for path in found)[:5])
        return f"Datasets below it: {listed}. Give one of them."
    data_dir, task = os.path.split(os.path.dirname(os.path.abspath(folder)))
    built = where.lengths(data_dir, task)
    if built:
        listed = ", ".join(map(str, built))
        return f"Task {task} has datasets of MSL {listed}: choose one of them, or build this one."
    return "Build one with `make data TASK=<task>`, or point DATA_DIR (--data_dir) at one."


def _from_json(content: Dict[str, Any], path: str) -> Manifest:
    version = content.get("schema_version")
    source = content.get("source")
    has_windows, has_weights = (
        isinstance(source, dict) and key in source for key in ("windows", "weight")
    )
    expected = schema_version(content.get("multi_label", False), has_windows, has_weights)
    if version != expected:
        raise UserError(f"{path} has schema_version {version}, expected {expected}. " + _REBUILD)
    try:
        made = _build(Manifest, content)
        _check_numbers(made)
        splits = {name: _split(_build(Split, entry)) for name, entry in made.splits.items()}
        return dataclasses.replace(
            made,
            vocabulary=_build(Vocabulary, made.vocabulary),
            splits=splits,
            text_columns=tuple(made.text_columns),
            label_names=None if made.label_names is None else tuple(made.label_names),
        )
    except _Damaged as error:
        raise UserError(f"{path} is damaged: {error}. {_REBUILD}") from None


class _Damaged(Exception):
    """A manifest's content is not what write_manifest writes."""


def _json_type(annotation):
    """The type that a field's value has in JSON, for `isinstance`."""
    origin = getattr(annotation, "__origin__", annotation)  # Tuple[str, ...] -> tuple
    if origin is Union:
        return tuple(_json_type(choice) for choice in annotation.__args__)
    if dataclasses.is_dataclass(origin):
        return dict
    return list if origin is tuple else origin


def _build(kind, values) -> Any:
    """A dataclass from JSON, after checking every key and type."""
    types = {field.name: _json_type(field.type) for field in dataclasses.fields(kind)}
    if not isinstance(values, dict) or {*values, *_optional(types)} != set(types):
        keys = sorted(values) if isinstance(values, dict) else values
        raise _Damaged(f"{kind.__name__.lower()} has {keys}, expected {sorted(types)}")
    for name, value in values.items():
        if not isinstance(value, types[name]):
            raise _Damaged(f"{name} is {value!r}")
    return kind(**values)


def _optional(names) -> set:
    return {*LEFT_OUT_IF_NONE}.intersection(names)


def _check_numbers(made: Any) -> None:
    """Args: made, a Manifest whose parts are still plain JSON values."""
    texts, special_ids = len(made.text_columns), made.vocabulary.get("special_ids", {})
    if texts not in (1, 2):
        raise _Damaged(f"text_columns is {made.text_columns}, expected one or two")
    if made.max_sequence_length < special_tokens(texts):
        raise _Damaged(f"max_sequence_length is {made.max_sequence_length}")
    if not all(map(is_plain_name, made.splits)):
        raise _Damaged(f"splits are {list(made.splits)}, expected names without a path")
    if not all(isinstance(special_ids.get(piece), int) for piece in REQUIRED):
        raise _Damaged(f"special_ids is {special_ids}, expected {' '.join(REQUIRED)}")


def _split(split: Any) -> Split:
    """Turns the parts of a split, still plain JSON values, into what Split declares."""
    shards = tuple(_build(Shard, shard) for shard in split.shards)
    if sum(shard.examples for shard in shards) != split.examples or not shards:
        raise _Damaged(f"the shards do not add up to {split.examples} examples")
    if not all(is_plain_name(shard.file) for shard in shards):
        raise _Damaged("a shard's file has a path, expected a name in the split's folder")
    if not all(length.isdigit() for length in split.length_histogram):
        raise _Damaged("length_histogram has keys that are not lengths")
    histogram = {int(length): rows for length, rows in split.length_histogram.items()}
    weights = None if split.weights is None else _build(RowWeights, split.weights)
    return dataclasses.replace(split, shards=shards, length_histogram=histogram, weights=weights)
