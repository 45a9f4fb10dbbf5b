"""The Beam graph: one element per output shard, one linear chain.

A shard is a fixed range of rows and its DoFn writes the whole file, so the bytes do not depend on
the runner, a bundle may run twice, and nothing is shuffled. Reports travel as elements and not as
side outputs or counters, because DaskRunner drops those.
"""

import functools
import logging
import os
import pickle
from dataclasses import dataclass

import apache_beam as beam
import tensorflow as tf

from preprocess import statistics
from preprocess.encode import Encoder, Ids
from preprocess.sources import TfdsSource
from preprocess.statistics import Statistics
from preprocess.tokenization import Tokenizer
from preprocess.write import ShardWriter
from shared import manifest, quiet, vocab
from shared.errors import UserError
from shared.vocab import Vocabulary

REPORTS_FILE = "reports.pickle"


@dataclass(frozen=True)
class Job:
    """What every worker must know; plain values that pickle."""

    source: TfdsSource
    vocabulary: Vocabulary
    max_sequence_length: int
    folder: str  # where the shards go; all workers see it


@dataclass(frozen=True)
class ShardRange:
    """One output shard: rows [start, stop) of a split."""

    split: str
    index: int
    num_shards: int
    start: int
    stop: int

    @property
    def file(self) -> str:
        return manifest.shard_file(self.split, self.index, self.num_shards)


@dataclass(frozen=True)
class ShardReport:
    """What a written shard holds."""

    split: str
    index: int
    shard: manifest.Shard
    statistics: Statistics


def shard_ranges(split: str, examples: int, num_shards: int) -> "list[ShardRange]":
    """The shards of a split, in the order of its rows."""
    return [
        ShardRange(split, k, num_shards, *manifest.shard_range(k, num_shards, examples))
        for k in range(num_shards)
    ]


def run(job: Job, shards: "list[ShardRange]", beam_options: "list[str]") -> None:
    """Writes every shard and, last, <folder>/reports.pickle with their reports."""
    # Beam logs every exception with a traceback before it raises it; once is enough.
    with quiet.log_records(logging.ERROR), _make_pipeline(beam_options) as pipeline:
        (
            pipeline
            | "Shards" >> beam.Create(shards)
            | "Spread" >> beam.Reshuffle()
            | "ReadTokenizeWrite" >> beam.ParDo(WriteShard(job))
            | "Gather" >> beam.CombineGlobally(beam.combiners.ToListCombineFn())
            | "Report" >> beam.Map(write_reports, os.path.join(job.folder, REPORTS_FILE))
        )


def _make_pipeline(beam_options: "list[str]") -> beam.Pipeline:
    options = beam.options.pipeline_options.PipelineOptions(beam_options)
    try:
        return beam.Pipeline(options=options)
    except ValueError as error:
        raise UserError(f"Beam refuses the options {' '.join(beam_options)}: {error}") from None


class WriteShard(beam.DoFn):
    """ShardRange -> ShardReport; writes the shard's file on the way."""

    def __init__(self, job: Job):
        self._job = job

    def setup(self):
        self._text_to_ids = _text_to_ids(self._job.vocabulary)

    def process(self, shard: ShardRange):
        job, task = self._job, self._job.source.task
        encoder = Encoder(job.vocabulary, job.max_sequence_length)
        unk_id = job.vocabulary.id(vocab.UNK)
        total = Statistics()
        with ShardWriter(os.path.join(job.folder, shard.file), task.is_regression) as writer:
            for rows in job.source.read(shard.split, shard.start, shard.stop):
                ids = [self._text_to_ids(texts) for texts in rows.texts]
                writer.write({**encoder.encode(*ids), "labels": rows.labels.numpy()})
                total += statistics.of_batch(rows, ids, unk_id)
        yield ShardReport(shard.split, shard.index, writer.shard, total)


@functools.lru_cache(maxsize=1)  # a tokenizer takes a second to build: once per process
def _text_to_ids(vocabulary: Vocabulary):
    tokenizer = Tokenizer(vocabulary)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def tokenize(texts):
        ids = tokenizer.tokenize(texts)
        return ids.flat_values, ids.row_splits

    def text_to_ids(texts) -> Ids:
        values, offsets = tokenize(texts)
        return Ids(values.numpy(), offsets.numpy())

    return text_to_ids


def write_reports(reports: "list[ShardReport]", path: str) -> None:
    """Leaves the reports where the launching program finds them."""
    with open(path + ".tmp", "wb") as file:
        pickle.dump(reports, file)
    os.replace(path + ".tmp", path)


def read_reports(folder: str) -> "dict[tuple[str, int], ShardReport]":
    """{(split, shard index): report}; a runner that wrote a shard twice left equal reports."""
    with open(os.path.join(folder, REPORTS_FILE), "rb") as file:
        return {(report.split, report.index): report for report in pickle.load(file)}
