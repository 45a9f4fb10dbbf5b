"""The command line of preprocessing, checked; needs no TensorFlow."""

import argparse
import os
from dataclasses import dataclass
from typing import Optional

from preprocess.encoding.encode import min_sequence_length
from preprocess.sources import user_labels, user_spec
from preprocess.sources.user_spec import UserSpec
from shared import tasks, vocab, where, windows
from shared.arguments import Parser
from shared.errors import UserError
from shared.remote.urls import is_remote
from shared.shards import default_num_shards
from shared.tasks import Task
from shared.vocab import Vocabulary

# Never Beam's DirectRunner: it would try to download another runner (Prism). TensorFlow's part of
# the work releases Python's global lock, so a few threads share it well.
_MAX_LOCAL_THREADS = 4
_BOOLEANS = {"true": True, "false": False}
_HOME_OF_TFDS = "~/tensorflow_datasets"


@dataclass(frozen=True)
class Options:
    """What the user asked for.

    Attributes:
      task: a GLUE task; None for the user's own.
      user_files: the user's files; None for a GLUE task.
      glue_dir: official GLUE files to use instead of prepared data.
    """

    task: Optional[Task]
    user_files: Optional[UserSpec]
    data_dir: str
    tfds_data_dir: str
    glue_dir: Optional[str]
    max_sequence_length: int
    vocabulary: Vocabulary
    num_shards: Optional[int]
    overwrite: bool
    beam_options: tuple

    @property
    def windows(self) -> Optional[int]:
        """How many tokens two windows of a text share; None to cut texts off."""
        return self.user_files.windows if self.user_files else None

    @property
    def dataset(self) -> str:
        name = self.user_files.task if self.user_files else self.task.name
        return where.folder(self.data_dir, name, self.max_sequence_length)

    def shards_of(self, examples: int) -> int:
        """How many shards a split of that size gets; none of them empty."""
        if self.num_shards is None:
            return default_num_shards(examples)
        return max(min(self.num_shards, examples), 1)


def parse(arguments: list) -> Options:
    """The checked options; everything after `--` goes to Beam.

    Raises:
      UserError: an option is wrong, or a file that it names.
    """
    ours, beam_options = _split_at("--", arguments)
    parsed = _parser().parse_args(ours)
    user_files = _user_spec(parsed)
    task = None if user_files else _glue_task(parsed.task)
    num_texts = len(user_files.text if user_files else task.text_columns)
    default_length = tasks.DEFAULT_LENGTH if user_files else task.max_sequence_length
    length = _checked_length(parsed.max_sequence_length, default_length, parsed.task, num_texts)
    if user_files:
        _check_windows(user_files.windows, length)
    return Options(
        task=task,
        user_files=user_files,
        data_dir=parsed.data_dir,
        tfds_data_dir=os.path.expanduser(_tfds_data_dir(parsed)),
        glue_dir=parsed.glue_dir,
        max_sequence_length=length,
        vocabulary=vocab.read(parsed.vocab_file, _lower_case(parsed, user_files)),
        num_shards=_checked_shards(parsed.num_shards),
        overwrite=parsed.overwrite,
        beam_options=_with_runner(beam_options),
    )


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m preprocess.run",
        description="Tokenizes a GLUE task, or files of your own, into TFRecords with a manifest.",
        epilog="Options for Apache Beam follow `--`; without --runner, this process does the work.",
    )
    known = ", ".join(tasks.TASKS)
    parser.add_argument("--task", required=True, help=f"{known}; or a name for your own --data")
    path = {"type": os.path.expanduser}
    parser.add_argument(
        "--data_dir",
        **path,
        default="data",
        help="folder of all datasets, or its URL (%(default)s)",
    )
    parser.add_argument(
        "--tfds_data_dir",
        help="where TFDS has prepared data, or may prepare it ($TFDS_DATA_DIR, else "
        f"{_HOME_OF_TFDS}; with --glue_dir, else tfds/ in --data_dir)",
    )
    parser.add_argument("--glue_dir", **path, help="official GLUE files: SST-2/train.tsv and so on")
    parser.add_argument(
        "--data",
        help="your own files: train=a-*.csv,validation=b.tsv,test=c.jsonl.gz; .parquet, too; or a "
        "YAML file that lists them",
    )
    parser.add_argument(
        "--text", help="their text column, or two for pairs: title,body; title+body joins columns"
    )
    parser.add_argument("--label", help="their label column")
    parser.add_argument("--id", help="their column of ids, which predictions will carry")
    kinds = ", ".join(user_labels.KINDS)
    parser.add_argument(
        "--labels",
        help=f"{kinds}: of a row, divided by | (scores if they are decimal numbers, else classes)",
    )
    parser.add_argument("--encoding", help="of the files, such as cp1252 or utf-16 (UTF-8)")
    parser.add_argument("--delimiter", help="between the columns of their .csv files (a comma)")
    parser.add_argument(
        "--validation", help="share of the training file's rows to validate on: 0.1"
    )
    parser.add_argument("--test", help="share of the training file's rows to test on: 0.1")
    parser.add_argument("--group", help="column whose rows with one value go to one split")
    parser.add_argument("--split_seed", help="of the rows that these shares draw (0)")
    parser.add_argument("--weight", help="column that says how much a training row counts")
    parser.add_argument(
        "--deduplicate",
        help=f"{tasks.TRAIN_SPLIT}: drop training rows that come again, or in another split",
    )
    parser.add_argument(
        "--windows",
        help="cut long texts into windows that share so many tokens, instead of cutting them off",
    )
    parser.add_argument("--bad_rows", help=f"{user_spec.DROP}: skip rows that cannot be read")
    parser.add_argument("--max_sequence_length", help="tokens in a record (the task's default)")
    parser.add_argument(
        "--vocab_file",
        **path,
        default=vocab.default_path(),
        help="vocab.txt, tokenizer.json, or the folder of one of them (%(default)s)",
    )
    parser.add_argument(
        "--lower_case",
        choices=_BOOLEANS,
        help="whether texts are lower-cased (as the vocabulary's files and pieces tell)",
    )
    parser.add_argument("--num_shards", type=int, help="shards per split (one per 8,192 examples)")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing dataset")
    return parser


def _user_spec(parsed) -> Optional[UserSpec]:
    options = {key: getattr(parsed, key) for key in user_spec.OPTIONS}
    if parsed.data is None:
        given = [f"--{key}" for key, value in options.items() if value is not None]
        if given:
            raise UserError(f"{', '.join(given)}: no effect without --data (DATA); give it, too")
        return None
    if parsed.glue_dir:
        raise UserError("--data (DATA) and --glue_dir (GLUE_DIR) are two sources; give only one")
    return user_spec.parse(parsed.task, parsed.data, options)


def _lower_case(parsed, user_files: Optional[UserSpec]) -> Optional[bool]:
    stated = user_files.lower_case if user_files else None
    if parsed.lower_case is None:
        return stated
    if stated is not None:
        raise UserError(f"--lower_case: set in {parsed.data}, leave out on the command line")
    return _BOOLEANS[parsed.lower_case]


def _glue_task(name: str) -> Task:
    try:
        return tasks.get(name)
    except UserError as error:
        raise UserError(
            f"{error}. A task of your own needs its files: DATA=train=<file>,... TEXT=<column> "
            "LABEL=<column> (--data --text --label)."
        ) from None


def _tfds_data_dir(parsed) -> str:
    given = parsed.tfds_data_dir or os.environ.get("TFDS_DATA_DIR")
    if given or not parsed.glue_dir:
        return given or _HOME_OF_TFDS
    if is_remote(parsed.data_dir):
        raise UserError(
            "with GLUE_DIR (--glue_dir) and a DATA_DIR in a store, say in which folder TFDS may "
            "prepare the files: TFDS_DATA_DIR=<new folder> (--tfds_data_dir)"
        )
    return os.path.join(parsed.data_dir, "tfds")


def _split_at(separator: str, items: list) -> "tuple[list, list]":
    position = items.index(separator) if separator in items else len(items)
    return items[:position], items[position + 1 :]


def _checked_length(given: Optional[str], default: int, task: str, num_texts: int) -> int:
    length = default if given is None else where.length(given)
    minimum = min_sequence_length(num_texts)
    if length < minimum:
        raise UserError(
            f"--max_sequence_length {length}: task {task} needs at least {minimum} "
            "([CLS], and for each text one token and a [SEP])"
        )
    return length


def _check_windows(overlap: Optional[int], length: int) -> None:
    room = windows.room_of(length)
    if overlap is not None and overlap >= room:
        raise UserError(
            f"windows (--windows) is {overlap}; with MSL={length} a window has {room} of a text's "
            f"tokens, so two that follow each other share at most {room - 1}"
        )


def _checked_shards(num_shards: Optional[int]) -> Optional[int]:
    if num_shards is not None and num_shards < 1:
        raise UserError(f"--num_shards {num_shards}: expected 1 or more")
    return num_shards


def _with_runner(beam_options: list) -> tuple:
    """With a default runner; with DaskRunner, a shard a task, or one worker would get them all."""
    given = {option.split("=")[0] for option in beam_options}
    if "--runner" in given:
        is_dask = any(option.endswith("DaskRunner") for option in beam_options)
        says_size = given & {"--dask_npartitions", "--dask_partition_size"}
        return (*beam_options, *(["--dask_partition_size=1"] if is_dask and not says_size else ()))
    threads = min(len(os.sched_getaffinity(0)) + 1, _MAX_LOCAL_THREADS)
    return (
        "--runner=FnApiRunner",
        "--direct_running_mode=multi_threading",
        f"--direct_num_workers={threads}",
        *beam_options,
    )
