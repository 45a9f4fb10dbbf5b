"""The programs that are compared: each in a separate process, on the same rows."""

import json
import os
import shutil
import sys
from dataclasses import dataclass
from itertools import chain

from bench import child
from bench.child import Finished
from bench.data import inputs, tables
from bench.data.inputs import Input
from bench.peers import environment as peers

TINY_ROWS = 100
WRITER_ROWS = 50_000  # only a part of the rows, because it is slow
PART_ROWS = 100_000  # the same, of files
_IMPORTS = "import tensorflow, tensorflow_text, apache_beam"
_QUIET = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"}


@dataclass(frozen=True)
class Timed:
    """The number of rows and the seconds they took."""

    rows: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.rows / self.seconds


@dataclass(frozen=True)
class Programs:
    """Every run starts with an empty folder for its output, below work_dir."""

    large: Input
    tiny: Input
    vocab_file: str
    max_sequence_length: int
    work_dir: str

    def imports(self) -> Finished:
        """Only imports the libraries."""
        return child.run([sys.executable, "-c", _IMPORTS], **_QUIET)

    def ours(self, source: Input) -> Finished:
        """Our whole program, from start to end."""
        return self._preprocess(
            {"--task": inputs.TASK.name, "--tfds_data_dir": source.tfds_data_dir}
        )

    def own_file(self, path: str, tiny: str) -> Finished:
        """The same on files of a user's; as many splits as TFDS has, for the same start-up."""
        options = {"--task": "own", "--data": f"train={path},validation={tiny},test={tiny}"}
        return self._preprocess({**options, "--text": tables.TEXT, "--label": tables.LABEL})

    def _preprocess(self, source: "dict[str, str]") -> Finished:
        options = {
            **source,
            "--data_dir": self._empty("ours"),
            "--vocab_file": self.vocab_file,
            "--max_sequence_length": str(self.max_sequence_length),
        }
        return child.run([*_module("preprocess.run"), *chain.from_iterable(options.items())])

    def write_tables(self, targets: "dict[str, int]") -> None:
        """Writes the training rows as files, {path: at most so many rows}."""
        source = inputs.train_file(self.large)
        for path, rows in targets.items():
            child.run([*_module("bench.data.tables"), source, str(rows), path], **_QUIET)

    def load_and_map(self, peers_python: str, path: str) -> Timed:
        """Hugging Face's load_dataset and map on a file."""
        command = [*_module("bench.peers.load_and_map", peers_python), path, *self._tokens]
        return _timed([*command, self._empty("hugging_face")], peers.ENVIRONMENT)

    def record_writer(self) -> Timed:
        """Only its loop, on the first WRITER_ROWS rows."""
        output = os.path.join(self._empty("record_writer"), "train.tfrecord")
        source, rows = inputs.train_file(self.large), str(WRITER_ROWS)
        return _timed(
            [*_module("bench.data.record_writer"), source, rows, *self._tokens, output], _QUIET
        )

    def write_sentences(self) -> None:
        """Writes the input of hugging_face."""
        source = inputs.train_file(self.large)
        child.run([*_module("bench.data.sentences"), source, self._sentences], **_QUIET)

    def hugging_face(self, peers_python: str) -> Timed:
        """Only its call of map."""
        command = [*_module("bench.peers.map", peers_python), self._sentences, *self._tokens]
        return _timed([*command, self._empty("hugging_face")], peers.ENVIRONMENT)

    @property
    def _tokens(self) -> "list[str]":
        return [self.vocab_file, str(self.max_sequence_length)]

    @property
    def _sentences(self) -> str:
        return os.path.join(self.work_dir, "sentences.jsonl")

    def _empty(self, name: str) -> str:
        folder = os.path.join(self.work_dir, name)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        return folder


def _module(name: str, python: str = sys.executable) -> "list[str]":
    return [python, "-m", name]


def _timed(command: "list[str]", environment: dict) -> Timed:
    return Timed(**json.loads(child.run(command, **environment).output))
