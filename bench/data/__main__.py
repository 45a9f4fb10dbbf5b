"""From TFDS on disk to a complete dataset folder: the speed, compared with other programs.

python -m bench.data --tfds_data_dir <folder> [--files csv,jsonl,parquet] [--skip_peers | --profile]
"""

import argparse
import os
import sys
from argparse import Namespace

from bench.data import compare, inputs, own_files
from bench.data.programs import TINY_ROWS, Programs
from bench.peers import environment
from preprocess import lazy_imports
from preprocess.encoding.encode import min_sequence_length
from shared import vocab
from shared.arguments import Parser
from shared.errors import UserError, exit_code

_ROWS = 538_792
_SHORTEST = min_sequence_length(len(inputs.TASK.text_columns))


def main(arguments: list) -> None:
    asked = _parser().parse_args(arguments)
    _check_at_least("--rows", asked.rows, 1)
    _check_at_least("--max_sequence_length", asked.max_sequence_length, _SHORTEST)
    print(_profile(asked) if asked.profile else _compare(asked))


def _check_at_least(option: str, found: int, minimum: int) -> None:
    if found < minimum:
        raise UserError(f"{option} {found}: expected {minimum} or more")


def _compare(asked: Namespace) -> str:
    formats = own_files.checked(asked.files) if asked.files else []
    vocab.read(asked.vocab_file)  # so that a mistake in it shows now
    peers_python = None if asked.skip_peers else asked.peers_python
    if peers_python:
        environment.check(peers_python, "datasets", "transformers")
    tiny = inputs.shortened(asked.tfds_data_dir, TINY_ROWS, os.path.join(asked.work_dir, "tiny"))
    programs = Programs(
        large=_large(asked),
        tiny=tiny,
        vocab_file=asked.vocab_file,
        max_sequence_length=asked.max_sequence_length,
        work_dir=asked.work_dir,
    )
    if formats:
        return own_files.measure(programs, formats, peers_python)
    return compare.measure(programs, peers_python)


def _profile(asked: Namespace) -> str:
    vocabulary, large = vocab.read(asked.vocab_file), _large(asked)
    (profile,) = lazy_imports.load("bench.data.profile")
    return profile.measure(large, vocabulary, asked.max_sequence_length, asked.work_dir)


def _large(asked: Namespace) -> inputs.Input:
    return inputs.repeated(asked.tfds_data_dir, asked.rows, os.path.join(asked.work_dir, "large"))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m bench.data",
        description="Measures the time from TFDS on disk to a complete dataset folder, for SST-2.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--tfds_data_dir", required=True, help="the folder in which TFDS prepared glue/sst2")
    add("--vocab_file", default=vocab.default_path(), help="one word piece a line")
    add("--files", help="csv,jsonl,parquet: compare own files of these formats with TFDS, instead")
    add("--rows", type=int, default=_ROWS, help="SST-2's train split is repeated to reach this")
    add("--max_sequence_length", type=int, default=128, help="tokens in a record")
    add("--work_dir", default="build/bench", help="for inputs and outputs, which it replaces")
    add("--peers_python", default=environment.DEFAULT_PYTHON, help="see bench/README.md")
    add("--skip_peers", action="store_true", help="skip what needs --peers_python")
    add("--profile", action="store_true", help="show where our time goes, by stage, instead")
    return parser


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
