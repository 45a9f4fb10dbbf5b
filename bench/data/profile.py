"""The tables of `python -m bench.data --profile`: our stages, and the limits of the machine."""

import os

import tensorflow as tf

from bench.data import ceilings, inputs
from bench.data.inputs import Input
from bench.data.stages import Stages
from bench.table import markdown
from preprocess.sources.tfds_dataset import TfdsDataset, prepared_folder
from shared.vocab import Vocabulary


def measure(large: Input, vocabulary: Vocabulary, length: int, work_dir: str) -> str:
    """Both tables; times are microseconds per example."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    folder = os.path.join(work_dir, "profile")
    dataset = TfdsDataset(inputs.TASK, prepared_folder(inputs.TASK, large.tfds_data_dir))
    watch = Stages(dataset.rows(folder), vocabulary, length, folder).best()
    rest = watch.total - sum(watch.seconds.values())
    seconds = {**watch.seconds, "the rest of the loop": rest, "**all**": watch.total}
    lines = [_line(stage, large.rows, of_stage) for stage, of_stage in seconds.items()]
    header = [f"{large.rows:,} examples, one thread", "µs per example", "examples/s"]
    tables = [
        markdown(header, lines),
        markdown(["limits of the machine", *header[1:]], _ceilings(large, vocabulary, folder)),
    ]
    return "\n\n".join(tables)


def _ceilings(large: Input, vocabulary: Vocabulary, folder: str) -> "list[list[str]]":
    contents = [_content(os.path.join(folder, name)) for name in sorted(os.listdir(folder))]
    texts, seconds = ceilings.tokenize(inputs.train_file(large), vocabulary)
    written = ceilings.write(contents, os.path.join(folder, "ceiling"))
    return [
        _line("file.write of the same bytes", large.rows, written),
        _line("copying them in memory", large.rows, ceilings.copy(contents)),
        _line("FastBertTokenizer alone", texts, seconds),
    ]


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _line(name: str, examples: int, seconds: float) -> "list[str]":
    return [name, f"{seconds / examples * 1e6:.3f}", f"{examples / seconds:,.0f}"]
