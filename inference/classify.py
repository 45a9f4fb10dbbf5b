"""Classifies texts with a trained model.

python -m inference.classify --model_dir runs/tickets --text "my card was charged twice"
python -m inference.classify --model_dir runs/tickets --input new.csv --output answers.jsonl
"""

import argparse
import itertools
import os
import sys
from typing import Iterable, Iterator

import inference
from inference import model_folder, output, rows
from inference.model_folder import ModelFolder
from inference.progress import Progress
from inference.rows import Examples, Row
from preprocess.sources import file_form, table_files
from shared.arguments import Parser
from shared.errors import UserError, exit_code
from shared.files import remove_leftovers
from shared.remote import mirror
from train.scoring.answer_files import TEXT_KEYS

# Rows in memory at a time; within them, batches are formed by length.
_WINDOW = 8192


def main(arguments: list) -> None:
    asked = _parser().parse_args(arguments)
    if (asked.text is None) == (asked.input is None):
        raise UserError("give one of TEXT (--text) and INPUT (--input)")
    if asked.output:
        output.check(asked.output)
        remove_leftovers(asked.output)
    with mirror.at(asked.model_dir, writes=False) as place:
        _classify(asked, model_folder.read(place, asked.vocab_file))


def _classify(asked, folder: ModelFolder) -> None:
    examples = _examples(asked, folder)
    model = inference.of_folder(folder)
    progress = Progress(examples.total)
    with output.opened(asked.output) as write:
        for window in _windows(examples.rows):
            texts = [row.texts for row in window]
            for row, answer in zip(window, model.classify(texts), strict=True):
                write({**_place(asked, row), **row.known, **answer, **_texts(asked, row)})
            progress.add(len(window))
    if asked.output:
        print(f"{asked.output}: {progress.done:,} answers of {model.checkpoint}")


def _examples(asked, folder: ModelFolder) -> Examples:
    """The rows; mistakes in them are found before TensorFlow starts."""
    columns = folder.text_columns
    if asked.text is not None:
        if len(asked.text) != len(columns):
            texts = "1 text" if len(columns) == 1 else f"{len(columns)} texts"
            raise UserError(
                f"{asked.model_dir} expects {texts}: {', '.join(columns)}; found "
                f"{len(asked.text)} (TEXT and, for pairs alone, TEXT_B)"
            )
        return Examples([Row(1, tuple(asked.text))], 1)
    if asked.input == rows.STANDARD_INPUT:
        return Examples(rows.of_standard_input(columns), None)
    form = file_form.checked(asked.encoding, asked.delimiter, "INPUT")
    table_files.check_form(form, [asked.input], "INPUT")
    return rows.of_file(asked.input, folder, form)


def _windows(examples: Iterable[Row]) -> "Iterator[list[Row]]":
    examples = iter(examples)
    while window := list(itertools.islice(examples, _WINDOW)):
        yield window


def _place(asked, row: Row) -> dict:
    if asked.input is None:
        return {}
    is_file = asked.input != rows.STANDARD_INPUT
    return {**({"file": os.path.basename(asked.input)} if is_file else {}), "line": row.line}


def _texts(asked, row: Row) -> dict:
    return dict(zip(TEXT_KEYS, row.texts, strict=False)) if asked.with_text else {}


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m inference.classify", description="Classifies texts with a trained model."
    )
    add, path = parser.add_argument, {"type": os.path.expanduser}
    add("--model_dir", required=True, **path, help="the folder of a training, or its best/")
    add("--text", action="append", help="a text; for a model of pairs, give it twice")
    add(
        "--input",
        **path,
        help="a .csv, .tsv or .jsonl file, or one of these and .gz, or a .parquet file, with the "
        "columns that the model was trained on; or - for standard input, one text a line",
    )
    add("--output", **path, help="where answers go: a .jsonl or .csv file (standard output)")
    add("--with_text", action="store_true", help="put the texts into the answers")
    add("--vocab_file", **path, help="the vocabulary, for a model folder that does not hold it")
    add("--encoding", help="of --input, if it is not UTF-8")
    add("--delimiter", help="of fields in a .csv file (a comma)")
    return parser


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
