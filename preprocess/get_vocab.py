"""Puts a checked vocabulary into vocab/: fetched from its publisher, or copied from a file.

python -m preprocess.get_vocab
python -m preprocess.get_vocab --from_path bert-base-cased/
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import urllib.request

from shared import vocab
from shared.errors import UserError, exit_code

TIMEOUT_SECONDS = 20


def main(arguments: list) -> None:
    parser = argparse.ArgumentParser(prog="python -m preprocess.get_vocab", description=__doc__)
    parser.add_argument("--from_path", help="a vocabulary file, or a folder that holds vocab.txt")
    options = parser.parse_args(arguments)
    published = vocab.known()[vocab.DEFAULT]
    path = copy(options.from_path) if options.from_path else fetch(published)
    got = vocab.read(path)
    case = "lower-cased" if got.lower_case else "cased"
    print(f"{path}: {len(got.pieces):,} pieces, {case}, sha256 {got.sha256}")
    if path != vocab.default_path():
        print(f"use it with VOCAB={path}")


def fetch(published: vocab.Known, folder: str = vocab.FOLDER) -> str:
    """Downloads a published vocabulary and checks its sha256; returns its path in `folder`.

    Raises:
      UserError: the publisher does not answer, or sends something else.
    """
    path = os.path.join(folder, published.name + ".txt")
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        temporary = os.path.join(scratch, os.path.basename(path))
        try:
            with (
                urllib.request.urlopen(published.url, timeout=TIMEOUT_SECONDS) as answer,
                open(temporary, "wb") as file,
            ):
                shutil.copyfileobj(answer, file)
        except OSError as error:
            raise UserError(
                f"cannot fetch {published.url}: {getattr(error, 'reason', error)}. Without "
                "network use `make vocab FROM=<vocab.txt or checkpoint folder>`, or VOCAB=<file>."
            ) from None
        found = vocab.sha256_of(temporary)
        if found != published.sha256:
            raise UserError(
                f"{published.url} sent {os.path.getsize(temporary)} bytes with sha256 {found}; "
                f"{published.name} has {published.sha256}. Nothing was kept."
            )
        os.replace(temporary, path)
    return path


def copy(source: str, folder: str = vocab.FOLDER) -> str:
    """Checks a vocabulary and copies it into `folder`, under its published name if it has one."""
    file = os.path.join(source, "vocab.txt") if os.path.isdir(source) else source
    checked = vocab.read(file)
    if os.path.isdir(source):
        _check_case(checked, os.path.join(source, "tokenizer_config.json"))
    path = os.path.join(folder, _name_in_folder(checked, source) + ".txt")
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        os.replace(shutil.copy(file, scratch), path)
    return path


def _name_in_folder(checked: vocab.Vocabulary, source: str) -> str:
    """The published name; else the file's, or for a checkpoint's vocab.txt the folder's name."""
    if checked.name in vocab.known():
        return checked.name
    return os.path.splitext(os.path.basename(os.path.abspath(source)))[0]


def _check_case(checked: vocab.Vocabulary, tokenizer_config: str) -> None:
    """A checkpoint that says how it treats case must agree with its vocabulary."""
    if not os.path.exists(tokenizer_config):
        return
    with open(tokenizer_config, encoding="utf-8") as file:
        stated = json.load(file).get("do_lower_case")
    if stated is not None and stated != checked.lower_case:
        raise UserError(
            f"{tokenizer_config} says do_lower_case {stated}, but {checked.path} is "
            f"{'an uncased' if checked.lower_case else 'a cased'} vocabulary; take both from one "
            "checkpoint"
        )


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
