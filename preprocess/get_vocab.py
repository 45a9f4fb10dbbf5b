"""Fetches a vocabulary from its publisher, or copies a file; checks it and puts it into vocab/.

python -m preprocess.get_vocab
python -m preprocess.get_vocab --from_path bert-base-cased/
"""

import argparse
import http.client
import os
import shlex
import shutil
import sys
import tempfile
import time
import urllib.request

from shared import vocab
from shared.errors import UserError, exit_code
from shared.files import sha256_of

TIMEOUT_SECONDS = 20  # until the first answer, and for the whole download
_BLOCK_BYTES = 2**16


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
        print(f"use it with VOCAB={shlex.quote(path)}")


def fetch(published: vocab.Known, folder: str = vocab.FOLDER) -> str:
    """Downloads a published vocabulary and checks its sha256; returns its path in `folder`.

    Raises:
      UserError: the publisher does not answer, or sends another file.
    """
    path = os.path.join(folder, published.name + ".txt")
    if os.path.exists(path) and sha256_of(path) == published.sha256:
        return path
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        temporary = os.path.join(scratch, os.path.basename(path))
        try:
            _download(published.url, temporary)
        except (OSError, http.client.HTTPException) as error:
            raise UserError(
                f"cannot fetch {published.url}: {getattr(error, 'reason', error)}. Without "
                "a network use `make vocab FROM=<vocab.txt or checkpoint folder>`, or VOCAB=<file>."
            ) from None
        found = sha256_of(temporary)
        if found != published.sha256:
            raise UserError(
                f"{published.url} sent {os.path.getsize(temporary)} bytes with sha256 {found}; "
                f"{published.name} has {published.sha256}. Nothing was kept."
            )
        os.replace(temporary, path)
    return path


def _download(url: str, path: str) -> None:
    """Raises OSError if the download takes longer than TIMEOUT_SECONDS."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer, open(path, "wb") as file:
        while block := answer.read1(_BLOCK_BYTES):
            file.write(block)
            if time.monotonic() > deadline:
                raise TimeoutError(f"not complete after {TIMEOUT_SECONDS} s")


def copy(source: str, folder: str = vocab.FOLDER) -> str:
    """Checks a vocabulary and copies it into `folder`, under its published name if it has one."""
    file = os.path.join(source, "vocab.txt") if os.path.isdir(source) else source
    checked = vocab.read(file)
    name = _name_in_folder(checked, source)
    vocab.check_published_name(name, file, checked.sha256)
    if checked.lower_case != vocab.lower_case_by_content(checked.pieces, checked.sha256):
        raise UserError(
            f"{file} is {'lower-cased' if checked.lower_case else 'cased'} according to "
            f"{vocab.TOKENIZER_FILE} beside it, but not by its content; use it where it is, with "
            f"VOCAB={file}"
        )
    path = os.path.join(folder, name + ".txt")
    if os.path.exists(path) and sha256_of(path) != checked.sha256:
        raise UserError(
            f"{path} exists with other content; remove it, or give {file} another name first"
        )
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        os.replace(shutil.copy(file, scratch), path)
    return path


def _name_in_folder(checked: vocab.Vocabulary, source: str) -> str:
    """The published name; else the name of the file or, for a checkpoint, of its folder."""
    if checked.name in vocab.known():
        return checked.name
    return os.path.splitext(os.path.basename(os.path.abspath(source)))[0]


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
