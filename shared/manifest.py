"""What a dataset is: its splits and shards, where they came from, and how texts became ids."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

from shared import windows
from shared.files import utf8
from shared.records import MASK_POLARITY
from shared.row_weights import RowWeights
from shared.tasks import TRAIN_SPLIT, of_dataset

SCHEMA_VERSION = 4
MULTI_LABEL_VERSION = 5  # the same with a value for each class in a record's labels
WINDOWS_VERSION = 6  # either of them, where a row may have several records
WEIGHTS_VERSION = 7  # any of them, where the records of the train split have weights
# Keys, of a split or of the whole, that earlier manifests do not have: without ids a manifest and
# its fingerprint are what they were before ids existed.
LEFT_OUT_IF_NONE = (
    *("ids_sha256", "quality", "multi_label", "documents", "documents_sha256", "weights"),
)


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
            for name in LEFT_OUT_IF_NONE:
                if part.get(name, "") is None:
                    del part[name]
        return content

    def fingerprint(self) -> str:
        """sha256 of all but `versions`, `quality` and the vocabulary's name; the same for equal
        records."""
        content = self.as_dict()
        content.pop("quality", None)
        del content["versions"], content["vocabulary"]["name"]
        return hashlib.sha256(utf8(json_text(content))).hexdigest()


def row_noun(overlap: Optional[int]) -> str:
    """Args: overlap, Manifest.windows."""
    return "examples" if overlap is None else "documents"


def schema_version(is_multi_label: bool, has_windows: bool, has_weights: bool = False) -> int:
    if has_weights:
        return WEIGHTS_VERSION
    if has_windows:
        return WINDOWS_VERSION
    return MULTI_LABEL_VERSION if is_multi_label else SCHEMA_VERSION


def json_text(content: Dict[str, Any], indent: Optional[int] = None) -> str:
    """As in manifest.json; equal contents have equal texts."""
    return json.dumps(content, sort_keys=True, indent=indent, ensure_ascii=False)
