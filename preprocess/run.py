"""The preprocessing program: options -> is the dataset up to date? -> pipeline -> manifest.

Mistakes in the options and in the user's files are found before TensorFlow is imported.
"""

import dataclasses
import sys
import time

from preprocess import data_quality, lazy_imports, options
from preprocess.beam.progress import Progress
from preprocess.options import Options
from preprocess.output import dataset_folder, up_to_date
from preprocess.output.replaced_dataset import ReplacedDataset
from preprocess.sources import glue_files, tfds_download
from preprocess.sources.tfds_dataset import TfdsDataset
from preprocess.sources.user_files import UserFiles
from shared import vocab, word_pieces
from shared.errors import exit_code
from shared.manifest import Vocabulary as ManifestVocabulary
from shared.manifest import row_noun
from shared.manifest_file import write_manifest
from shared.remote import datasets
from shared.vocab import Vocabulary


def main(arguments: list) -> None:
    asked = options.parse(arguments)
    source = source_of(asked)
    folder = dataset_folder.at(asked.dataset)
    with folder.locked():
        if datasets.is_dataset(folder.path) and not asked.overwrite:
            up_to_date.check(asked.dataset, expected_manifest(asked, source), asked.shards_of)
            print(f"{asked.dataset} is up to date")
        else:
            build(folder, asked, source)


def source_of(asked: Options) -> "UserFiles | TfdsDataset":
    """Where the rows come from."""
    if asked.user_files:
        return UserFiles(asked.user_files)
    if asked.glue_dir:
        prepared = glue_files.prepare(asked.task, asked.glue_dir, asked.tfds_data_dir)
    else:
        prepared = tfds_download.ensure_prepared(asked.task, asked.tfds_data_dir)
    return TfdsDataset(asked.task, prepared)


def expected_manifest(asked: Options, source) -> dict:
    """What is known of this run's manifest before the run."""
    vocabulary = dataclasses.asdict(_vocabulary_entry(asked.vocabulary))
    del vocabulary["name"]  # compared by content: the same vocabulary may have another name
    known = {
        "text_columns": source.text_columns,
        "max_sequence_length": asked.max_sequence_length,
        "vocabulary": vocabulary,
        "source": source.describe(),
    }
    return {**known, "label_names": asked.task.label_names} if asked.task else known


def build(folder: ReplacedDataset, asked: Options, source) -> None:
    """Runs the pipeline, checks that no shard is missing, writes index and manifest, commits."""
    started = time.monotonic()
    (beam_options,) = lazy_imports.load("preprocess.beam.options")
    options_of_beam = beam_options.checked(list(asked.beam_options))
    with folder.replaced():
        rows = source.rows(folder.incomplete)
        print(vocab.described(asked.vocabulary))
        print(f"{asked.dataset}: starting TensorFlow and Beam")
        pipeline, summary = lazy_imports.load("preprocess.beam.pipeline", "preprocess.beam.summary")
        job = pipeline.Job(
            text_features=rows.text_features,
            is_regression=rows.task.is_regression,
            label_shape=rows.task.label_shape,
            vocabulary=asked.vocabulary,
            max_sequence_length=asked.max_sequence_length,
            folder=folder.incomplete,
            shards=folder.shards,
            overlap=asked.windows,
        )
        shards = [
            shard
            for split in rows.files
            for shard in pipeline.shard_ranges(rows, split, asked.shards_of(rows.examples(split)))
        ]
        folder.make_way()
        with Progress(folder.shards, shards, row_noun(asked.windows)):
            pipeline.run(job, shards, options_of_beam)
        reports = summary.checked_reports(folder.incomplete, folder.shards, shards)
        made = summary.manifest_of(
            rows,
            source.describe(),
            _vocabulary_entry(asked.vocabulary),
            asked.max_sequence_length,
            reports,
            summary.write_source_order(folder.incomplete, rows, reports),
        )
        vocab.write(folder.incomplete, asked.vocabulary)
        write_manifest(folder.incomplete, made)
    print("\n".join([summary.table(made), *data_quality.truncation(made)]))
    if news := data_quality.news(made):
        print("\n".join([*news, "make inspect lists the rows"]))
    print(f"{asked.dataset} written in {time.monotonic() - started:.1f} s")


def _vocabulary_entry(vocabulary: Vocabulary) -> ManifestVocabulary:
    return ManifestVocabulary(
        name=vocabulary.name,
        size=len(vocabulary.pieces),
        sha256=vocabulary.sha256,
        special_ids={piece: vocabulary.id(piece) for piece in word_pieces.REQUIRED},
        **vocab.rules_of(vocabulary),
    )


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
