"""Writes a checkpoint in another format.

python -m train.convert bert-base-uncased/ bert-base-uncased.modelzoo/
python -m train.convert runs/sst2-base/ sst2-base.huggingface/
"""

import argparse
import os
import shutil
import sys
from typing import Iterator, Optional

from shared import tokenizer_files, word_pieces
from shared.arguments import Parser
from shared.errors import exit_code
from shared.files import check_is_no_pointer, whole_folder
from train.pretrained import fit, huggingface, modelzoo
from train.pretrained.read import read
from train.pretrained.weights import Pretrained, in_one_line

WRITERS = {"modelzoo": modelzoo, "huggingface": huggingface}


def main(arguments: list) -> None:
    options = parse(arguments)
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # TensorFlow would take all memory of a GPU
    with whole_folder(options.target) as folder:
        pretrained = read(options.source)
        fit.check_complete(pretrained)
        to = options.to or ("huggingface" if pretrained.is_own else "modelzoo")
        WRITERS[to].write(folder, pretrained)
        copy_text_files(pretrained, folder)
    for line in notes(pretrained):
        print(line)
    print(
        f"wrote {len(pretrained.weights)} variables of {pretrained.path} ({pretrained.format}) to "
        f"{options.target} ({WRITERS[to].FORMAT})"
    )
    if pretrained.vocab_file is None:
        name = f" ({pretrained.vocabulary_name})" if pretrained.vocabulary_name else ""
        target = os.path.join(options.target, word_pieces.LINES_FILE)
        print(f"no {word_pieces.LINES_FILE} found beside it; copy its vocabulary{name} to {target}")


def parse(arguments: list) -> argparse.Namespace:
    parser = Parser(
        prog="python -m train.convert",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", metavar="FROM", help="a checkpoint of any format")
    parser.add_argument(
        "target", metavar="TO", type=os.path.expanduser, help="a new or empty folder"
    )
    parser.add_argument(
        "--to", choices=WRITERS, help="(huggingface for a model trained here, else modelzoo)"
    )
    options = parser.parse_args(arguments)
    for name, value in (("FROM", options.source), ("TO", options.target)):
        if not value:
            parser.error(f"{name} is empty: give FROM=<checkpoint> and TO=<new folder>")
    return options


def notes(pretrained: Pretrained) -> Iterator[str]:
    """Lines on what of the checkpoint was not written, or is odd but written as it was."""
    yield from pretrained.notes
    yield from fit.notes_on_values(pretrained)
    if pretrained.unused:
        reason = f" ({pretrained.output_fault})" if pretrained.output_fault else ""
        yield f"not written of {pretrained.path}: {in_one_line(pretrained.unused)}{reason}"
    rows, lines = pretrained.sizes["vocab_size"], _lines(pretrained.vocab_file)
    if lines not in (None, rows):
        file = word_pieces.LINES_FILE
        yield f"written whole: embeddings of {rows} words, though {file} has {lines} lines"


def _lines(path: Optional[str]) -> Optional[int]:
    if path is None or os.path.basename(path) != word_pieces.LINES_FILE:
        return None
    with open(path, "rb") as file:
        return sum(1 for _ in file)


def copy_text_files(pretrained: Pretrained, folder: str) -> None:
    """Copies the vocabulary and the tokenizer's settings, if they are beside the checkpoint."""
    if pretrained.vocab_file is not None:
        check_is_no_pointer(pretrained.vocab_file)
        source = os.path.dirname(pretrained.vocab_file)
        shutil.copy(pretrained.vocab_file, folder)
        for name in tokenizer_files.names_in(source):
            shutil.copy(os.path.join(source, name), folder)


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
