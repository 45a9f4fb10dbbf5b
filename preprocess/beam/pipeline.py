"""The Beam graph: one element per output shard, one linear chain.

A shard is a fixed range of rows and its DoFn writes the whole file. So the bytes do not depend on
the runner, a bundle may run twice, and nothing is shuffled or gathered: each report is a file, too.
"""

import io
import logging
import os
import sys
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, field

import apache_beam as beam
import numpy as np

from preprocess.beam import at_work, dask_cluster, reports, versions
from preprocess.beam.reports import ShardReport
from preprocess.encoding.converter import Converter, row_numbers, row_weights
from preprocess.encoding.statistics import Statistics
from preprocess.output.shard_writer import ShardWriter
from preprocess.sources import rows
from shared import quiet
from shared.errors import UserError
from shared.files import no_link, utf8, write_whole, writing
from shared.remote import attempts
from shared.remote.urls import is_remote
from shared.shards import shard_file, shard_range
from shared.vocab import Vocabulary

MISTAKE_FILE = "mistake.txt"
_MISTAKE_BYTES = 4096  # one block of most disks


@dataclass(frozen=True)
class Job:
    """What every worker needs to know; plain values that can be pickled."""

    text_features: "tuple[str, ...]"
    is_regression: bool
    label_shape: "tuple[int, ...]"
    vocabulary: Vocabulary
    max_sequence_length: int
    folder: str  # for mistakes and reports; visible to all workers
    shards: str  # where the shards are written: that folder, or the dataset in a store
    overlap: "int | None" = None  # of the windows of a text; None to cut texts off
    made_by: "dict[str, str]" = field(default_factory=versions.here)


@dataclass(frozen=True)
class ShardRange:
    """One output shard: rows [start, stop) of a split, and where they are.

    number_feature is as in preprocess/sources/rows.py; None if the row numbers are not needed.
    has_weights: whether its records hold those of their rows.
    """

    split: str
    index: int
    num_shards: int
    start: int
    stop: int
    pieces: "tuple[rows.Piece, ...]"
    number_feature: "str | None" = None
    has_weights: bool = False

    @property
    def file(self) -> str:
        return shard_file(self.split, self.index, self.num_shards)


def shard_ranges(source: rows.Rows, split: str, num_shards: int) -> "list[ShardRange]":
    """The shards of a split, in the order of its rows."""
    examples = source.examples(split)
    ranges = [shard_range(k, num_shards, examples) for k in range(num_shards)]
    pieces = rows.cut(source, split, ranges)
    more = (source.number_feature_of(split), source.has_weights(split))
    return [
        ShardRange(split, k, num_shards, *ranges[k], pieces[k], *more) for k in range(num_shards)
    ]


def run(job: Job, shards: "list[ShardRange]", options) -> None:
    """Writes every shard, and its report into the folder of the job.

    Args: options, from preprocess/beam/options.py.
    Raises:
      UserError: a row cannot be read, or the cluster that does the work is lost.
    """
    _reserve_mistake(job.folder)
    _make_folders(job.shards, {shard.split for shard in shards})
    try:
        with _no_tracebacks():
            result = _graph(job, shards, options).run()
            with dask_cluster.watched(result):
                result.wait_until_finish()
    except Exception:
        _raise_mistake(job.folder)
        raise
    finally:
        at_work.end(job.folder)


def _graph(job: Job, shards: "list[ShardRange]", options) -> beam.Pipeline:
    pipeline = beam.Pipeline(options=options)
    (
        pipeline
        | "Shards" >> beam.Create(shards)  # which spreads them over the workers
        | "ReadTokenizeWrite" >> beam.ParDo(WriteShard(job))
    )
    return pipeline


def _make_folders(place: str, splits: "set[str]") -> None:
    """Workers make none: one that outlives its run would bring back what the launcher removed."""
    for folder in (os.path.join(place, split) for split in splits if not is_remote(place)):
        with writing(folder):
            os.makedirs(folder, exist_ok=True)


@contextmanager
def _no_tracebacks():
    """Beam logs and prints every exception with a traceback, and then raises it; once is enough."""
    told = attempts.told_on(sys.stderr)  # a worker of this process that waits for a store
    with told, quiet.log_records(logging.ERROR), redirect_stderr(io.StringIO()):
        yield


def _reserve_mistake(folder: str) -> None:
    """Takes the room in which a worker records a mistake, which may be that there is no more."""
    write_whole(os.path.join(folder, MISTAKE_FILE), " " * _MISTAKE_BYTES)


@contextmanager
def recorded_mistakes(folder: str):
    """Records what the user can mend: runners pass an exception on as text, amid tracebacks."""
    try:
        yield
    except UserError as mistake:
        text = utf8(str(mistake))[:_MISTAKE_BYTES].ljust(_MISTAKE_BYTES)
        path = os.path.join(folder, MISTAKE_FILE)
        with open(path, "r+b", opener=no_link) as file:  # in place, for lack of room
            file.write(text)
        raise


def _raise_mistake(folder: str) -> None:
    """Raises the user's mistake that a worker has recorded, if any."""
    with open(os.path.join(folder, MISTAKE_FILE), encoding="utf-8", errors="ignore") as file:
        mistake = file.read().rstrip()
    if mistake:
        raise UserError(mistake) from None


class WriteShard(beam.DoFn):
    """ShardRange -> nothing; writes the shard's file and, last, its report."""

    def __init__(self, job: Job):
        self._job = job

    def setup(self):
        job = self._job
        with recorded_mistakes(job.folder):
            versions.check(job.made_by)
        self._converter = Converter(
            job.vocabulary,
            job.max_sequence_length,
            job.text_features,
            job.is_regression,
            job.label_shape,
            job.overlap,
        )

    def process(self, shard: ShardRange):
        folder = self._job.folder
        with at_work.on(folder), recorded_mistakes(folder):
            reports.write(folder, self._written(shard))

    def _written(self, shard: ShardRange) -> ShardReport:
        total, nothing = Statistics(), np.zeros(0, np.int64)
        numbers, documents = [nothing], [nothing]
        with ShardWriter(os.path.join(self._job.shards, shard.file)) as writer:
            for batch in rows.batches(shard.pieces, shard.start):
                weights = row_weights(batch) if shard.has_weights else None
                converted = self._converter.convert(batch, weights)
                writer.write(converted.framed, converted.records)
                total += converted.statistics
                if converted.documents is not None:
                    documents.append(batch.start + converted.documents)
                if shard.number_feature:
                    numbers.append(row_numbers(batch, shard.number_feature))
        return ShardReport(
            shard.split,
            shard.index,
            writer.shard,
            total,
            np.concatenate(numbers) if shard.number_feature else None,
            None if self._job.overlap is None else np.concatenate(documents),
        )
