"""Reads every record of a dataset and compares it with the manifest.

python -m preprocess.verify data/sst2/msl72

Exit code 0: no fault; 1: faults, each printed with its file and record number (from 0).
"""

import os
import sys
from collections import Counter
from typing import Callable, Iterator

import numpy as np

from preprocess import dataset_page, lazy_imports
from preprocess.encoding import lengths, statistics
from preprocess.formats import tfrecord
from shared import dataset_vocabulary, records, row_weights, source_order, tasks, windows
from shared.arguments import Parser
from shared.dataset_fit import rebuild_advice
from shared.errors import FaultsFound, UserError, exit_code
from shared.files import sha256_of
from shared.manifest import Manifest, Shard, Split
from shared.manifest_file import read_manifest
from shared.remote import datasets
from shared.remote.urls import is_remote
from shared.shards import shard_paths, size_fault, size_of
from shared.where import MANIFEST_FILE

_SHOWN = 20  # faults of one file


def main(arguments: list) -> None:
    parser = Parser(prog="python -m preprocess.verify", description=__doc__)
    path = {"type": os.path.expanduser}
    parser.add_argument("dataset", **path, help="the folder, or URL, that holds manifest.json")
    dataset = parser.parse_args(arguments).dataset
    if is_remote(dataset):
        _verify_remote(dataset)
    else:
        _verify(dataset, print)


def _verify_remote(url: str) -> None:
    """Verifies a copy of all that is there, whose faults are told as those of the URL."""
    with datasets.downloaded(url) as folder:
        try:
            _verify(folder, lambda text: print(text.replace(folder, url)))
        except (FaultsFound, UserError) as error:
            raise type(error)(str(error).replace(folder, url)) from None


def _verify(dataset: str, say: Callable[[str], None]) -> None:
    manifest = read_manifest(dataset)
    (record_checker,) = lazy_imports.load("preprocess.encoding.record_checker")
    faults = 0
    for fault in _stray_files(dataset, manifest):
        faults += 1
        say(fault)
    if problem := dataset_vocabulary.fault(dataset, manifest):
        faults += 1
        say(problem)
    for split in tasks.in_order(manifest.splits):
        checker = record_checker.RecordChecker(manifest, split)
        faults += _verify_split(dataset, split, manifest, checker, say)
    if faults:
        raise FaultsFound(f"{dataset}: {faults:,} faults. {rebuild_advice(manifest)}")
    examples = sum(split.examples for split in manifest.splits.values())
    say(f"{dataset}: {examples:,} records, no fault")


def _stray_files(dataset: str, manifest: Manifest) -> Iterator[str]:
    """The files in the folder that are not in the manifest, except those of file managers."""
    names = (MANIFEST_FILE, *dataset_vocabulary.FILES, dataset_page.FILE)
    expected = {os.path.join(dataset, name) for name in names}
    for split in manifest.splits:
        expected.update(shard_paths(dataset, split, manifest))
        expected.update(
            kind.path(dataset, split)
            for kind in source_order.MAPS
            if kind.is_part_of(manifest.splits[split])
        )
    for folder, _, names in sorted(os.walk(dataset)):
        for name in sorted(names):
            if os.path.join(folder, name) not in expected and not _is_of_a_desktop(name):
                yield f"{os.path.join(folder, name)}: is not in the manifest"


def _is_of_a_desktop(name: str) -> bool:
    """Whether file managers leave such a file in any folder: .DS_Store, ._x, Thumbs.db."""
    return name.startswith(".") or name.lower() in ("thumbs.db", "desktop.ini")


def _verify_split(
    dataset: str, split: str, manifest: Manifest, checker, say: Callable[[str], None]
) -> int:
    """Says the faults of a split and a summary line; returns the number of faults."""
    entry, total, faults = manifest.splits[split], _Totals(), 0
    paths = shard_paths(dataset, split, manifest)
    for shard, path in zip(entry.shards, paths, strict=True):
        in_shard = [*_file_faults(path, shard), *_record_faults(path, shard, checker, total)]
        for fault in in_shard[:_SHOWN]:
            say(f"{path}: {fault}")
        if len(in_shard) > _SHOWN:
            say(f"{path}: and {len(in_shard) - _SHOWN:,} more")
        faults += len(in_shard)
    for kind in source_order.MAPS:
        if problem := kind.fault(dataset, split, entry):
            say(f"{kind.path(dataset, split)}: {problem}")
            faults += 1
    if not faults:  # the counts of damaged files would only repeat it
        documents = source_order.DOCUMENTS.read(dataset, split, manifest)
        for fault in total.faults(split, manifest, documents):
            say(f"{split}: {fault}")
            faults += 1
    say(f"{split}: {total.examples:,} records in {len(paths)} files, {faults:,} faults")
    return faults


def _file_faults(path: str, shard: Shard) -> Iterator[str]:
    if fault := size_fault(size_of(path), shard):
        yield fault
    elif (sha256 := sha256_of(path)) != shard.sha256:
        yield f"has the sha256 {sha256}, the manifest says {shard.sha256}"


def _record_faults(path: str, shard: Shard, checker, total: "_Totals") -> Iterator[str]:
    if not os.path.exists(path):
        return
    number = 0
    try:
        for found, problems in tfrecord.scan(path):
            serialized = found.as_list()
            readable = [n for n in range(len(found)) if n not in problems]
            faults, rows = checker.check([serialized[n] for n in readable])
            problems.update((readable[n], fault) for n, fault in faults.items())
            for index in sorted(problems):
                yield f"record {number + index}: {problems[index]}"
            total.add(len(found), rows)
            number += len(found)
    except tfrecord.DamagedRecordError as error:
        yield f"{error}; the rest of the file cannot be read"
        return
    if number != shard.examples:
        yield f"holds {number:,} records, the manifest says {shard.examples:,}"


class _Totals:
    """Counts over the records of a split."""

    def __init__(self):
        self.examples = 0
        self._lengths = Counter()
        self._labels = []
        self._weights = []

    def add(self, examples: int, rows: dict) -> None:
        self.examples += examples
        self._lengths.update((rows["input_mask"] == records.TOKEN).sum(axis=1).tolist())
        self._labels.append(rows["labels"])
        self._weights.append(rows.get(records.WEIGHTS.name))

    def faults(self, split: str, manifest: Manifest, documents: "np.ndarray | None") -> list:
        """Where the counts of a split, whose records have no faults, differ from the manifest's.

        Args: documents, of its records (documents.npy), if they are windows.
        """
        entry = manifest.splits[split]
        labels = np.concatenate(self._labels) if self._labels else np.zeros(0, int)
        chosen = slice(None) if documents is None else windows.firsts(documents)
        counts = statistics.label_values(labels[chosen])
        return [
            *self._about_lengths(split, manifest),
            *_about_labels(counts, entry, manifest),
            *(self._about_weights(entry, chosen) if entry.has_weights else ()),
        ]

    def _about_weights(self, entry: Split, chosen: "slice | np.ndarray") -> Iterator[str]:
        """Args: chosen, which records are of different rows."""
        found = row_weights.of(np.concatenate(self._weights)[chosen])
        if found != entry.weights:
            yield f"the weights are {found}, the manifest says {entry.weights}"

    def _about_lengths(self, split: str, manifest: Manifest) -> Iterator[str]:
        entry, longest = manifest.splits[split], manifest.max_sequence_length
        has_windows = manifest.windows is not None
        longer = 0 if has_windows else lengths.longer(entry.length_histogram, longest)
        if longer != entry.truncated:
            yield f"truncated is {entry.truncated:,}, expected {longer:,} (from length_histogram)"
        if manifest.record_lengths(split) != dict(self._lengths):
            yield "the lengths of the records differ from length_histogram"


def _about_labels(counts: Counter, entry: Split, manifest: Manifest) -> Iterator[str]:
    noun = "records" if entry.documents is None else "documents"
    unlabelled = counts[records.UNLABELLED]
    is_score = manifest.is_regression and unlabelled > entry.unlabelled  # of -1
    if unlabelled != entry.unlabelled and not is_score:
        yield f"{unlabelled:,} {noun} have no label, the manifest says {entry.unlabelled:,}"
    for index, name in enumerate(manifest.label_names or ()):
        if counts[index] != entry.label_counts.get(name):
            yield (
                f"{counts[index]:,} {noun} have the label {name!r}, the manifest says "
                f"{entry.label_counts.get(name)}"
            )


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
