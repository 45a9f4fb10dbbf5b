"""What is known of a split's rows besides the model's answers: where they stand, labels, texts."""

from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence

import numpy as np

from shared import dataset_vocabulary, records, source_order, windows
from shared.manifest import Manifest
from train.data import in_memory
from train.scoring import answers, multi_label, spelling
from train.scoring.answer_files import GIVEN_LABEL, GIVEN_LABELS, GIVEN_SCORE, ID, TEXT_KEYS

Columns = Dict[str, Sequence]


class RowFacts(NamedTuple):
    """A split's rows, in the order in which predictions are written.

    Attributes:
      dataset: the folder they are from.
      order: int64 [N], the record of each row of GLUE's test file; None if the rows are in the
        order of the records.
      before, after: {key: a value for each row or None}, what stands before an answer, and after.
    """

    dataset: str
    order: Optional[np.ndarray]
    before: Columns
    after: Columns

    def lines(self, found: Iterator[Dict[str, Any]]) -> Iterator[Dict[str, Any]]:
        """One mapping for each row; args: found, the answers in the order of the rows."""
        for index, answer in enumerate(found):
            before, after = (
                {key: values[index] for key, values in columns.items()}
                for columns in (self.before, self.after)
            )
            yield {"index": index, **before, **answer, **after}


def read(dataset: str, split: str, manifest: Manifest, with_text: bool = False) -> RowFacts:
    """Reads what the dataset knows.

    Args: with_text, whether texts are asked for: the word pieces of the records, put together.
    Raises:
      UserError: a file of the dataset is missing or damaged, or the texts need a vocabulary that
        it does not hold.
    """
    index = source_order.INDEX.read(dataset, split, manifest)
    order = None if index is None else np.argsort(index)
    labels, texts = _of_records(dataset, split, manifest, with_text)
    before = {**_places(dataset, split, manifest), **labels}
    return RowFacts(dataset, order, _ordered(before, order), _ordered(texts, order))


def _ordered(columns: Columns, order: Optional[np.ndarray]) -> Columns:
    if order is None:
        return columns
    return {key: [values[record] for record in order] for key, values in columns.items()}


def _places(dataset: str, split: str, manifest: Manifest) -> Columns:
    """File, line and id of a user's rows; of GLUE's, nothing."""
    columns = {}
    rows = source_order.ROWS.read(dataset, split, manifest)
    if rows is not None:
        names = source_order.file_names(manifest, split)
        columns["file"] = [names[file] for file in rows[:, 0]]
        columns["line"] = rows[:, 1].tolist()
    ids = source_order.IDS.read(dataset, split, manifest)
    return columns if ids is None else {**columns, ID: ids}


def _of_records(dataset: str, split: str, manifest: Manifest, with_text: bool):
    """(given labels, texts), as columns in the order of the records; what is not there is left out.

    A shard at a time, because only these are kept.
    """
    entry = manifest.splits[split]
    has_labels = entry.unlabelled < entry.rows
    if not has_labels and not with_text:
        return {}, {}
    labels: List[Any] = []
    texts: List[tuple] = []
    spell = None
    if with_text:
        pieces = dataset_vocabulary.required(dataset, manifest).pieces
        spell = spelling.speller(pieces, len(manifest.text_columns))
    for rows in _shards(dataset, split, manifest):
        labels += _given(rows.labels, manifest, entry.is_labelled)
        texts += map(spell, rows.input_ids, rows.lengths, rows.b_starts) if spell else ()
    key = GIVEN_SCORE if manifest.is_regression else GIVEN_LABEL
    key = GIVEN_LABELS if manifest.is_multi_label else key
    return (
        {key: labels} if has_labels else {},
        dict(zip(TEXT_KEYS[: len(manifest.text_columns)], zip(*texts))),
    )


def _shards(dataset: str, split: str, manifest: Manifest) -> Iterator[in_memory.Rows]:
    """The records, a shard at a time; windows put together to documents."""
    documents = source_order.DOCUMENTS.read(dataset, split, manifest)
    done = 0
    for rows in in_memory.read_shards(dataset, split, manifest):
        if documents is not None:
            starts = windows.firsts(documents[done : done + len(rows.labels)])
            done += len(rows.labels)
            rows = _whole(rows, starts, manifest.windows)
        yield rows


def _whole(rows: in_memory.Rows, starts: np.ndarray, overlap: int) -> in_memory.Rows:
    """Documents as records that are long enough for them; args: starts, their first windows."""
    texts = []
    for first, following in zip(starts, [*starts[1:], len(rows.labels)]):
        parts = [rows.input_ids[first, : rows.lengths[first] - 1]]
        for window in range(first + 1, following):
            parts.append(rows.input_ids[window, 1 + overlap : rows.lengths[window] - 1])
        sep = rows.input_ids[first, rows.lengths[first] - 1]
        texts.append(np.append(np.concatenate(parts), sep))
    lengths = [len(ids) for ids in texts]
    return in_memory.Rows(texts, lengths, lengths, rows.labels[starts])


def _given(labels: np.ndarray, manifest: Manifest, are_all: bool) -> list:
    """Labels as the user wrote them; args: are_all, whether -1 is a score, not a missing one."""
    if manifest.is_regression:
        return [
            answers.shortest(label) if are_all or label != records.UNLABELLED else None
            for label in labels
        ]
    if manifest.is_multi_label:
        return [
            None if records.UNLABELLED in row else multi_label.named(row, manifest.label_names)
            for row in labels
        ]
    names = {**dict(enumerate(manifest.label_names)), records.UNLABELLED: None}
    return [names[label] for label in labels.tolist()]
