"""Turns the shards' reports into the manifest and into the table at the end of a run."""

import glob
import os
from collections import defaultdict

import numpy as np

from preprocess.beam import reports as shard_reports
from preprocess.beam import versions
from preprocess.encoding.statistics import Statistics
from preprocess.sources.rows import Rows
from shared import row_weights, shown, source_order, vocab
from shared.errors import UserError
from shared.manifest import Manifest, Split, Vocabulary, schema_version
from shared.remote import datasets
from shared.row_weights import RowWeights
from shared.tasks import Task

# Fields of shared.manifest.Split.
_MAPS = ("index_sha256", "rows_sha256", "ids_sha256", "documents_sha256")
_SHOWN = 5  # missing row numbers


def checked_reports(folder: str, place: str, shards: list) -> dict:
    """{split: its ShardReports in order}; removes every file that is not a shard.

    Args: folder, of the reports; place, of the shards: the same, or a dataset in a store.
    Raises:
      RuntimeError: the runner lost a shard: no report, no file, or the wrong number of rows.
    """
    sizes = datasets.sizes(place)
    reports = defaultdict(list)
    for shard in shards:
        report = shard_reports.read(folder, shard.split, shard.index)
        size, rows = sizes.get(shard.file), shard.stop - shard.start
        if report is None or size is None or report.statistics.examples != rows:
            raise RuntimeError(
                f"the runner lost rows: shard {shard.file} should hold rows {shard.start} to "
                f"{shard.stop} of {shard.split}, its report is {report}"
            )
        if size != report.shard.bytes:
            raise RuntimeError(f"{shard.file} changed after it was written")
        reports[shard.split].append(report)
    _remove_all_but(folder, {shard.file for shard in shards})
    return dict(reports)


def _remove_all_but(folder: str, files: set) -> None:
    """Removes the reports, and what a worker left that was killed while writing a shard."""
    for path in glob.glob(os.path.join(glob.escape(folder), "**"), recursive=True):
        if os.path.isfile(path) and os.path.relpath(path, folder) not in files:
            os.remove(path)


def write_source_order(folder: str, rows: Rows, reports: dict) -> dict:
    """Writes every split's map to the rows of the source.

    Returns: {split: {one of _MAPS: sha256 of its file, or None}}.
    Raises:
      UserError: row numbers are not 0 to N - 1, so predictions could not be put in order.
    """
    sha256 = {split: dict.fromkeys(_MAPS) for split in reports}
    for split, of_split in reports.items():
        if rows.number_feature_of(split):
            numbers = np.concatenate([report.row_numbers for report in of_split])
            _check_numbers(split, numbers, rows)
            sha256[split]["index_sha256"] = source_order.INDEX.write(folder, split, numbers)
        if split in rows.of_files:
            of_files = rows.of_files[split]
            sha256[split]["rows_sha256"] = source_order.ROWS.write(folder, split, of_files.places)
            if of_files.ids is not None:
                sha256[split]["ids_sha256"] = source_order.IDS.write(folder, split, of_files.ids)
        if of_split[0].documents is not None:
            documents = np.concatenate([report.documents for report in of_split])
            sha256[split]["documents_sha256"] = source_order.DOCUMENTS.write(
                folder, split, documents
            )
    return sha256


def _check_numbers(split: str, numbers: np.ndarray, rows: Rows) -> None:
    if source_order.is_permutation(numbers, len(numbers)):
        return
    missing = np.setdiff1d(np.arange(len(numbers)), numbers).tolist()
    first = ", ".join(map(str, missing[:_SHOWN])) + (", ..." if len(missing) > _SHOWN else "")
    raise UserError(
        f"{os.path.dirname(rows.files[split][0].path)}: the {len(numbers):,} rows of split {split} "
        f"are not numbered from 0 to {len(numbers) - 1:,} ({rows.number_feature}); missing: "
        f"{first}. Predictions could not be put in the order of the test file. If lines of that "
        f"file yielded no example, correct them; then {rows.advice}"
    )


def manifest_of(
    rows: Rows,
    source: dict,
    vocabulary: Vocabulary,
    max_sequence_length: int,
    reports: dict,
    maps: dict,
) -> Manifest:
    """The manifest of a dataset whose shards are complete.

    Args:
      rows: what was read.
      source: where it came from, {"splits": {name: ...}, ...}.
      reports: {split: its ShardReports in order}.
      maps: what write_source_order returns.
    """
    totals = {
        split: sum((report.statistics for report in of_split), Statistics())
        for split, of_split in reports.items()
    }
    for split, total in totals.items():
        source["splits"][split]["rows_fingerprint"] = f"{total.rows_fingerprint:016x}"
        if split in rows.of_files:
            source["splits"][split].update(rows.of_files[split].left_out)
            # Only the reader can tell a score of -1 from a row without one.
            total.unlabelled = rows.of_files[split].unlabelled
    return Manifest(
        task=rows.task.name,
        source=source,
        text_columns=rows.task.text_columns,
        max_sequence_length=max_sequence_length,
        vocabulary=vocabulary,
        label_names=rows.task.label_names,
        splits={
            split: _split(
                of_split,
                totals[split],
                rows.task,
                max_sequence_length,
                maps[split],
                _weights(rows, split),
            )
            for split, of_split in reports.items()
        },
        versions=versions.of_libraries(),
        schema_version=schema_version(
            rows.task.is_multi_label, "windows" in source, "weight" in source
        ),
        quality=rows.quality,
        multi_label=rows.task.is_multi_label or None,
    )


def _weights(rows: Rows, split: str) -> "RowWeights | None":
    return row_weights.of(rows.of_files[split].weights) if rows.has_weights(split) else None


def _split(
    reports: list,
    total: Statistics,
    task: Task,
    max_sequence_length: int,
    maps: dict,
    weights: "RowWeights | None",
) -> Split:
    has_windows = maps["documents_sha256"] is not None
    return Split(
        examples=sum(report.shard.examples for report in reports),
        shards=tuple(report.shard for report in reports),
        length_histogram=dict(total.lengths),
        truncated=0 if has_windows else total.truncated(max_sequence_length),
        unknown_share=total.unknown_share(),
        label_counts=total.label_counts(task),
        unlabelled=total.unlabelled,
        documents=total.examples if has_windows else None,
        weights=weights,
        **maps,
    )


def table(made: Manifest) -> str:
    """One line per split: examples, truncated, [UNK] share, label counts, bytes; of texts in
    windows, documents and windows instead of the first two."""
    has_windows = made.windows is not None
    second = "windows" if has_windows else "truncated"
    lines = [f"{'split':<22}{made.row_noun:>9}{second:>11}{'[UNK]':>9}{'MB':>8}  labels"]
    for name, split in made.splits.items():
        found = split.label_counts.items()
        labels = [f"{shown.plain(label)} {count:,}" for label, count in found if count]
        labels = [shown.listed(labels)] if labels else []
        if split.unlabelled:
            labels.append(f"none {split.unlabelled:,}")
        megabytes = sum(shard.bytes for shard in split.shards) / 1e6
        lines.append(
            f"{name:<22}{split.rows:>9,}{split.examples if has_windows else split.truncated:>11,}"
            f"{split.unknown_share:>9.3%}{megabytes:>8.1f}  {', '.join(labels) or 'scores'}"
        )
    vocabulary, rules = made.vocabulary, vocab.in_words(vocab.rules_of(made.vocabulary))
    lines.append(
        f"vocabulary {vocabulary.name} ({vocabulary.size:,} pieces, "
        f"{', '.join(rules)}), "
        f"max_sequence_length {made.max_sequence_length}"
        + (f", windows that share {made.windows} tokens" if has_windows else "")
    )
    if made.train_weights:
        lines.append(made.train_weights.of_column(made.weight_column))
    return "\n".join(lines)
