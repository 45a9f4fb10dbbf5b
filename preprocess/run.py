"""Command line of the preprocessing: options -> what is there already -> pipeline -> manifest.

Everything that can be wrong is found before TensorFlow is imported.
"""

import argparse
import logging
import os
import sys
import time
from dataclasses import dataclass

from preprocess import prepare_tfds
from preprocess.dataset_folder import DatasetFolder
from preprocess.encode import min_sequence_length
from preprocess.progress import Progress
from preprocess.sources import TfdsSource
from shared import manifest, quiet, tasks, vocab
from shared.errors import UserError, exit_code
from shared.tasks import Task
from shared.vocab import Vocabulary

# Never Beam's DirectRunner: it would try to download another runner (Prism).
LOCAL_RUNNER = "--runner=FnApiRunner"


@dataclass(frozen=True)
class Options:
    """What the user asked for, checked."""

    task: Task
    data_dir: str
    tfds_data_dir: str
    max_sequence_length: int
    vocabulary: Vocabulary
    num_shards: "int | None"
    overwrite: bool
    beam_options: tuple

    @property
    def dataset(self) -> str:
        return manifest.folder(self.data_dir, self.task.name, self.max_sequence_length)

    def shards_of(self, examples: int) -> int:
        """How many shards a split of that size gets; none of them empty."""
        if self.num_shards is None:
            return manifest.default_num_shards(examples)
        return max(min(self.num_shards, examples), 1)


def main(arguments: list) -> None:
    options = parse(arguments)
    prepared = prepare_tfds.ensure_prepared(options.task, options.tfds_data_dir)
    source = TfdsSource(options.task, prepared)
    sizes = source.sizes()
    folder = DatasetFolder(options.dataset)
    with folder.locked():
        if manifest.exists(folder.path) and not options.overwrite:
            check_up_to_date(folder.path, options, source, sizes)
            print(f"{options.dataset} is up to date")
        else:
            build(folder, options, source, sizes)


def parse(arguments: list) -> Options:
    """The checked options; everything after `--` goes to Beam."""
    parser = argparse.ArgumentParser(
        prog="python -m preprocess.run",
        description="Tokenizes a GLUE task into TFRecords with a manifest.",
        epilog="Options of Apache Beam follow after `--`; without a --runner, this process works.",
    )
    parser.add_argument("--task", required=True, help="a GLUE task: " + ", ".join(tasks.TASKS))
    parser.add_argument("--data_dir", default="data", help="where datasets go (%(default)s)")
    parser.add_argument(
        "--tfds_data_dir",
        default=os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets",
        help="where TFDS has prepared data, or may prepare it (%(default)s)",
    )
    parser.add_argument(
        "--max_sequence_length", type=int, help="tokens in a record (the task's default)"
    )
    parser.add_argument("--vocab_file", default=vocab.default_path(), help="(%(default)s)")
    parser.add_argument("--num_shards", type=int, help="of every split (one per 8,192 examples)")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing dataset")
    own, beam_options = _split_at("--", arguments)
    parsed = parser.parse_args(own)
    task = tasks.get(parsed.task)
    return Options(
        task=task,
        data_dir=parsed.data_dir,
        tfds_data_dir=os.path.expanduser(parsed.tfds_data_dir),
        max_sequence_length=_checked_length(parsed.max_sequence_length, task),
        vocabulary=vocab.read(parsed.vocab_file),
        num_shards=_checked_shards(parsed.num_shards),
        overwrite=parsed.overwrite,
        beam_options=_with_runner(beam_options),
    )


def _split_at(separator: str, items: list) -> "tuple[list, list]":
    position = items.index(separator) if separator in items else len(items)
    return items[:position], items[position + 1 :]


def _checked_length(length: "int | None", task: Task) -> int:
    length = task.max_sequence_length if length is None else length
    minimum = min_sequence_length(len(task.text_columns))
    if length < minimum:
        raise UserError(
            f"--max_sequence_length {length}: task {task.name} needs at least {minimum} "
            "([CLS], and for each text one token and a [SEP])"
        )
    return length


def _checked_shards(num_shards: "int | None") -> "int | None":
    if num_shards is not None and num_shards < 1:
        raise UserError(f"--num_shards {num_shards}: expected 1 or more")
    return num_shards


def _with_runner(beam_options: list) -> tuple:
    has_runner = any(option.split("=")[0] == "--runner" for option in beam_options)
    return tuple(beam_options if has_runner else [LOCAL_RUNNER, *beam_options])


def check_up_to_date(path: str, options: Options, source: TfdsSource, sizes: dict) -> None:
    """Stops unless the dataset at `path` is what the options and the source would give."""
    found = manifest.read(path)
    lines = [
        f"  {name}: it has {old}, this run would write {new}"
        for name, old, new in _compare(found, options, source, sizes)
        if old != new
    ]
    kind = "is another dataset"
    if not lines:
        lines, kind = _missing_shards(path, found), "is damaged"
    if lines:
        raise UserError(
            f"{options.dataset} exists and {kind}:\n" + "\n".join(lines) + "\n"
            "Replace it with ARGS=--overwrite (--overwrite), or write elsewhere with DATA_DIR."
        )


def _compare(found: manifest.Manifest, options: Options, source: TfdsSource, sizes: dict):
    """(name, what the manifest has, what this run would write)."""
    yield "task", found.task, options.task.name
    yield "max_sequence_length", found.max_sequence_length, options.max_sequence_length
    # By content: the same vocabulary may lie under another name.
    new = _vocabulary_entry(options.vocabulary)
    for name in ("size", "sha256", "lower_case"):
        yield f"vocabulary {name}", getattr(found.vocabulary, name), getattr(new, name)
    yield "label_names", found.label_names, options.task.label_names
    for key, value in source.describe().items():
        yield f"source {key}", found.source.get(key), value
    for split, size in sizes.items():
        old = found.source.get("splits", {}).get(split, {})
        yield f"rows of {split}", old.get("examples"), size.examples
        yield f"bytes of {split} in the source", old.get("bytes"), size.bytes
        shards = len(found.splits[split].shards) if split in found.splits else 0
        yield f"shards of {split}", shards, options.shards_of(size.examples)


def _missing_shards(path: str, found: manifest.Manifest) -> list:
    lines = []
    for split, entry in found.splits.items():
        for shard, file in zip(entry.shards, manifest.shard_paths(path, split, found), strict=True):
            size = os.path.getsize(file) if os.path.exists(file) else None
            if size != shard.bytes:
                lines.append(f"  {file}: {shard.bytes} bytes expected, found {size}")
    return lines


def _import_heavy_modules():
    """The modules that need TensorFlow, TF Text and Beam: seconds to import."""
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # tokenizing must not take a GPU's memory
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # Beam warns of cloud libraries that nobody asked for.
    with quiet.native_stderr(), quiet.log_records(logging.WARNING):
        import tensorflow as tf

        from preprocess import pipeline, summary

        tf.config.list_physical_devices()  # complains of the missing GPU now, not later
    return pipeline, summary


def _vocabulary_entry(vocabulary: Vocabulary) -> manifest.Vocabulary:
    return manifest.Vocabulary(
        name=vocabulary.name,
        size=len(vocabulary.pieces),
        sha256=vocabulary.sha256,
        lower_case=vocabulary.lower_case,
    )


def build(folder: DatasetFolder, options: Options, source: TfdsSource, sizes: dict) -> None:
    """Runs the pipeline, checks that every shard is there, writes the manifest, commits."""
    started = time.monotonic()
    print(f"{options.dataset}: starting TensorFlow and Beam")
    pipeline, summary = _import_heavy_modules()
    job = pipeline.Job(source, options.vocabulary, options.max_sequence_length, folder.incomplete)
    shards = [
        shard
        for split, size in sizes.items()
        for shard in pipeline.shard_ranges(split, size.examples, options.shards_of(size.examples))
    ]
    with folder.replaced():
        with Progress(folder.incomplete, shards):
            pipeline.run(job, shards, list(options.beam_options))
        reports = summary.checked_reports(folder.incomplete, shards)
        made = summary.manifest_of(job, sizes, reports, _vocabulary_entry(options.vocabulary))
        manifest.write(folder.incomplete, made)
    print(summary.table(made))
    print(f"{options.dataset} written in {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
