"""Writes a checkpoint in another format.

python -m train.convert bert-base-uncased/ bert-base-uncased.modelzoo/
python -m train.convert runs/sst2-base/ sst2-base.huggingface/
"""

import argparse
import os
import shutil
import sys

from shared import tokenizer_files, word_pieces
from shared.errors import exit_code
from shared.files import whole_folder
from train.pretrained import fit, huggingface, modelzoo
from train.pretrained.read import read
from train.pretrained.weights import Pretrained

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
    print(
        f"wrote {len(pretrained.weights)} variables of {pretrained.path} ({pretrained.format}) to "
        f"{options.target} ({WRITERS[to].FORMAT})"
    )
    if pretrained.vocab_file is None:
        name = f" ({pretrained.vocabulary_name})" if pretrained.vocabulary_name else ""
        target = os.path.join(options.target, word_pieces.LINES_FILE)
        print(f"no {word_pieces.LINES_FILE} found beside it; copy its vocabulary{name} to {target}")


def parse(arguments: list) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m train.convert",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", metavar="FROM", help="a checkpoint of any format")
    parser.add_argument("target", metavar="TO", help="a new or empty folder")
    parser.add_argument(
        "--to", choices=WRITERS, help="(huggingface for a model trained here, else modelzoo)"
    )
    options = parser.parse_args(arguments)
    for name, value in (("FROM", options.source), ("TO", options.target)):
        if not value:
            parser.error(f"{name} is empty: give FROM=<checkpoint> and TO=<new folder>")
    return options


def copy_text_files(pretrained: Pretrained, folder: str) -> None:
    """Copies the vocabulary and the tokenizer's settings, if they are beside the checkpoint."""
    if pretrained.vocab_file is not None:
        source = os.path.dirname(pretrained.vocab_file)
        shutil.copy(pretrained.vocab_file, folder)
        for name in tokenizer_files.names_in(source):
            shutil.copy(os.path.join(source, name), folder)


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
