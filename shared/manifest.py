"""A dataset on disk: folder and shard names, and manifest.json, the one description of both.

    data/sst2/msl72/manifest.json
    data/sst2/msl72/train/train-00000-of-00009.tfrecord ...

A folder without manifest.json is not a dataset: the manifest is written last.
"""

import dataclasses
import glob
import hashlib
import json
import os
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple, Union

from shared import where, windows
from shared.errors import UserError
from shared.files import is_plain_name, utf8, write_whole
from shared.mapping_files import json_of, read_json
from shared.records import MASK_POLARITY, special_tokens
from shared.row_weights import RowWeights
from shared.tasks import TASKS, TRAIN_SPLIT, of_dataset
from shared.where import MANIFEST_FILE
from shared.word_pieces import REQUIRED

SCHEMA_VERSION = 4
MULTI_LABEL_VERSION = 5  # the same with a value for each class in a record's labels
WINDOWS_VERSION = 6  # either of them, where a row may have several records
WEIGHTS_VERSION = 7  # any of them, where the records of the train split have weights
# Keys, of a split or of the whole, that earlier manifests do not have: without ids a manifest and
# its fingerprint are what they were before ids existed.
_LEFT_OUT_IF_NONE = (
    *("ids_sha256", "quality", "multi_label", "documents", "documents_sha256", "weights"),
)
_REBUILD = "Rebuild the dataset with `make data TASK=<task> ARGS=--overwrite`."


@dataclass(frozen=True)
class Shard:
    """One file of a split; `file` is relative to the split's folder, sha256 is of its bytes."""

    file: str
    examples: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Split:
    """One split.

    Attributes:
      examples: the number of records; 0 if an input function of the user's gives the rows
        (train/planning/stated_data.py), of which nothing is counted.
      shards: its files, in the order of the rows.
      length_histogram: {tokens of the whole text, specials included, before truncation: rows}.
      truncated: rows longer than max_sequence_length.
      unknown_share: share of [UNK] among all pieces of the texts, before truncation.
      label_counts: {label name: rows}; empty for a regression task.
      unlabelled: rows without a label (-1). Where it is 0, a score of -1 is a score.
      index_sha256: of index.npy (shared/source_order.py), which GLUE's test splits have; else None.
      rows_sha256: of rows.npy, which the splits of a user's own files have; else None.
      ids_sha256: of ids.txt, which those with an id column have; else None.
      documents: its rows, where texts are cut into windows; else None, and each record is one.
      documents_sha256: of documents.npy, which those with windows have; else None.
      weights: those of its rows, which its records hold; None if they hold none.
    """

    examples: int
    shards: Tuple[Shard, ...]
    length_histogram: Dict[int, int]
    truncated: int
    unknown_share: float
    label_counts: Dict[str, int]
    unlabelled: int
    index_sha256: Optional[str]
    rows_sha256: Optional[str] = None
    ids_sha256: Optional[str] = None
    documents: Optional[int] = None
    documents_sha256: Optional[str] = None
    weights: Optional[RowWeights] = None

    @property
    def rows(self) -> int:
        """Rows of the source that are in its records."""
        return self.examples if self.documents is None else self.documents

    @property
    def is_counted(self) -> bool:
        """Whether it is known how many records there are."""
        return self.examples > 0

    @property
    def is_labelled(self) -> bool:
        return self.unlabelled == 0

    @property
    def has_weights(self) -> bool:
        return self.weights is not None


@dataclass(frozen=True)
class Vocabulary:
    """Which vocabulary made the ids (shared/vocab.py); special_ids is {"[PAD]": 0, ...}.

    sha256 is that of its pieces (shared/word_pieces.py), not of a file; empty if only the size is
    known.
    """

    name: str
    size: int
    sha256: str
    lower_case: bool
    strip_accents: bool
    tokenize_chinese_chars: bool
    special_ids: Dict[str, int]


@dataclass(frozen=True)
class Manifest:
    """Everything that a reader of the dataset needs to know.

    Attributes:
      task: the task's name.
      source: where the rows came from: TFDS name and version, and per split examples, bytes and
        rows_fingerprint (preprocess/encoding/statistics.py); or the user's files and their
        sha256.
      text_columns: the columns of the source that were tokenized, one or two.
      max_sequence_length: the length of every per-token feature.
      vocabulary: which vocabulary made the ids.
      label_names: in the order of the label values; None for a regression task.
      splits: {split name: Split}.
      versions: of the libraries that wrote it; the only part that may differ between equal
        datasets.
      quality: what was found in a user's files (preprocess/sources/repeated_texts.py); None for
        GLUE, and where an earlier version wrote it. It says nothing that the records do not, so it
        is no part of the fingerprint.
      multi_label: True if a row may have several of the classes, or none; else None.
    """

    task: str
    source: Dict[str, Any]
    text_columns: Tuple[str, ...]
    max_sequence_length: int
    vocabulary: Vocabulary
    label_names: Optional[Tuple[str, ...]]
    splits: Dict[str, Split]
    versions: Dict[str, str]
    mask_polarity: str = MASK_POLARITY
    schema_version: int = SCHEMA_VERSION
    quality: Optional[List[Dict[str, Any]]] = None
    multi_label: Optional[bool] = None

    @property
    def is_regression(self) -> bool:
        return self.label_names is None

    @property
    def is_multi_label(self) -> bool:
        return bool(self.multi_label)

    @property
    def label_shape(self) -> Tuple[int, ...]:
        """Of a record's labels: () or, of multi-label data, (C,)."""
        return of_dataset(self).label_shape

    @property
    def label_values(self) -> Optional[int]:
        """How many values a label can have: one for each class; 2 in multi-label data, where it
        says of one class whether the row has it; None for a regression task."""
        return 2 if self.is_multi_label else self.num_labels

    @property
    def num_labels(self) -> Optional[int]:
        """None for a regression task."""
        return None if self.label_names is None else len(self.label_names)

    @property
    def num_classes(self) -> int:
        """Outputs of the classifier: one for each label name, or 1 for a regression task."""
        return self.num_labels or 1

    @property
    def windows(self) -> Optional[int]:
        """How many tokens two windows of a text share; None if a long text is cut off."""
        return self.source.get("windows")

    @property
    def row_noun(self) -> str:
        """What a row is called, of which answers and metrics are: an example, unless it has several
        records."""
        return row_noun(self.windows)

    def record_lengths(self, split: str) -> Dict[int, int]:
        """{tokens of a record, specials included: records} of a split."""
        texts, longest = self.splits[split].length_histogram, self.max_sequence_length
        if self.windows is not None:
            return windows.histogram(texts, longest, self.windows)
        found = {length: rows for length, rows in texts.items() if length < longest}
        longer = sum(texts.values()) - sum(found.values())
        return {**found, longest: longer} if longer else found

    @property
    def label_column(self) -> Optional[str]:
        """The column of the user's files that holds the labels; None for GLUE."""
        return self.source.get("label")

    @property
    def id_column(self) -> Optional[str]:
        """The one that holds the user's ids; None if there is none."""
        return self.source.get("id")

    @property
    def weight_column(self) -> Optional[str]:
        """The one that holds the weights of training rows; None if there is none."""
        return self.source.get("weight")

    @property
    def train_weights(self) -> Optional[RowWeights]:
        """Those of the training rows; None if they have none."""
        train = self.splits.get(TRAIN_SPLIT)
        return train.weights if train else None

    def as_dict(self) -> Dict[str, Any]:
        """The manifest as JSON has it, except that lists are tuples."""
        content = dataclasses.asdict(self)
        for part in (content, *content["splits"].values()):
            for name in _LEFT_OUT_IF_NONE:
                if part.get(name, "") is None:
                    del part[name]
        return content

    def fingerprint(self) -> str:
        """sha256 of all but `versions`, `quality` and the vocabulary's name; the same for equal
        records."""
        content = self.as_dict()
        content.pop("quality", None)
        del content["versions"], content["vocabulary"]["name"]
        return hashlib.sha256(utf8(_json(content))).hexdigest()


def row_noun(overlap: Optional[int]) -> str:
    """Args: overlap, Manifest.windows."""
    return "examples" if overlap is None else "documents"


def schema_version(is_multi_label: bool, has_windows: bool, has_weights: bool = False) -> int:
    if has_weights:
        return WEIGHTS_VERSION
    if has_windows:
        return WINDOWS_VERSION
    return MULTI_LABEL_VERSION if is_multi_label else SCHEMA_VERSION


def is_dataset(dataset: str) -> bool:
    return os.path.exists(os.path.join(dataset, MANIFEST_FILE))


def write_manifest(dataset: str, manifest: Manifest) -> None:
    """Writes manifest.json, whole or not at all: its presence marks the dataset as complete."""
    text = _json(manifest.as_dict(), indent=2) + "\n"
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


def _json(content, indent=None) -> str:
    return json.dumps(content, sort_keys=True, indent=indent, ensure_ascii=False)


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
    return {*_LEFT_OUT_IF_NONE}.intersection(names)


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


def check_run(dataset: str, manifest: Manifest, expected: Dict[str, Tuple[Any, str]]) -> None:
    """Stops when the dataset is not what a run expects.

    Args:
      dataset: the dataset's folder, for the message.
      manifest: its manifest.
      expected: {name of one of _FACTS: (the value that the run expects or None for any, where it
        is set)}, for example {"max_sequence_length": (72, "params.yaml train_input")}.
    Raises:
      UserError: one message that lists every disagreement and the command that rebuilds the data.
    """
    lines = []
    for name, (value, who) in expected.items():
        found = _FACTS[name](manifest)
        if value is not None and value != found:
            lines.append(f"  {name}: the records have {found}, {who} says {value}")
    if manifest.mask_polarity != MASK_POLARITY:
        lines.append(f"  mask: the records have {manifest.mask_polarity!r}, not {MASK_POLARITY!r}")
    if lines:
        wanted = {name: value for name, (value, _) in expected.items() if value is not None}
        command = rebuild_command(
            wanted.get("task", manifest.task),
            wanted.get("max_sequence_length", manifest.max_sequence_length),
            "VOCAB=<vocabulary>",
        )
        raise UserError(
            f"the dataset {dataset} does not fit this run:\n" + "\n".join(lines) + "\n"
            f"Correct the configuration (CONFIG), or build the data for it: {command}"
        )


def rebuild_command(task: str, max_sequence_length: int, more: str = "") -> str:
    """The command that rebuilds such a dataset."""
    own = "" if task in TASKS else "DATA=... TEXT=... LABEL=... "
    return f"make data TASK={task} {own}MSL={max_sequence_length} {more}".rstrip()


def rebuild_advice(manifest: Manifest) -> str:
    """A sentence that says how to rebuild a damaged dataset."""
    command = rebuild_command(manifest.task, manifest.max_sequence_length, "ARGS=--overwrite")
    return (
        "Rebuild the dataset with the options it was built with (vocabulary "
        f"{manifest.vocabulary.name}): {command}"
    )


_FACTS = {
    "task": lambda manifest: manifest.task,
    "max_sequence_length": lambda manifest: manifest.max_sequence_length,
    "vocab_size": lambda manifest: manifest.vocabulary.size,
    "vocab_sha256": lambda manifest: manifest.vocabulary.sha256,
    "lower_case": lambda manifest: manifest.vocabulary.lower_case,
    "label_names": lambda manifest: manifest.label_names,
    "num_cls_classes": lambda manifest: manifest.num_classes,
    "multi_label": lambda manifest: manifest.is_multi_label,
}
