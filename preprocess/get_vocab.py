"""Fetches a vocabulary from its publisher, or copies a file; checks it and puts it into vocab/.

python -m preprocess.get_vocab
python -m preprocess.get_vocab --from_path bert-base-cased/
"""

import http.client
import os
import shlex
import sys
import tempfile
import time
import urllib.request

from shared import case, published, tokenizer_files, vocab, word_pieces
from shared.arguments import Parser
from shared.errors import UserError, exit_code, of_library
from shared.files import sha256_of, write_whole
from shared.published import Known

TIMEOUT_SECONDS = 20  # until the first answer, and for the whole download
_BLOCK_BYTES = 2**16


def main(arguments: list) -> None:
    parser = Parser(prog="python -m preprocess.get_vocab", description=__doc__)
    parser.add_argument(
        "--from_path",
        type=os.path.expanduser,
        help="a vocabulary file, or a folder that holds vocab.txt",
    )
    options = parser.parse_args(arguments)
    default = published.known()[published.DEFAULT]
    path = copy(options.from_path) if options.from_path else fetch(default)
    got = vocab.read(path)
    print(f"{path}: {vocab.described(got)}, sha256 {got.sha256}")
    if path != vocab.default_path():
        print(f"use it with VOCAB={shlex.quote(path)}")


def fetch(entry: Known, folder: str = published.FOLDER) -> str:
    """Downloads a published vocabulary and checks its sha256; returns its path in `folder`.

    Raises:
      UserError: the publisher does not answer, or sends another file.
    """
    path = os.path.join(folder, entry.name + ".txt")
    if os.path.exists(path) and sha256_of(path) == entry.sha256:
        return path
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        temporary = os.path.join(scratch, os.path.basename(path))
        try:
            _download(entry.url, temporary)
        except (OSError, http.client.HTTPException) as error:
            raise of_library(error, path) or UserError(
                f"cannot fetch {entry.url}: {getattr(error, 'reason', error)}. Without "
                "a network use `make vocab FROM=<vocab.txt or checkpoint folder>`, or VOCAB=<file>."
            ) from None
        found = sha256_of(temporary)
        if found != entry.sha256:
            raise UserError(
                f"{entry.url} sent {os.path.getsize(temporary)} bytes with sha256 {found}; "
                f"{entry.name} has {entry.sha256}. Nothing was kept."
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


def copy(source: str, folder: str = published.FOLDER) -> str:
    """Checks a vocabulary and copies it into `folder`, under its published name if it has one."""
    checked = vocab.read(source)
    published.check_name(checked.name, checked.path, checked.sha256)
    _check_copy_means_the_same(checked)
    path = os.path.join(folder, checked.name + ".txt")
    if os.path.exists(path) and sha256_of(path) != checked.sha256:
        raise UserError(
            f"{path} exists with other content; remove it, or give {checked.path} another name "
            "first"
        )
    os.makedirs(folder, exist_ok=True)
    write_whole(path, word_pieces.text_of(checked.pieces))
    if checked.added_tokens:
        print(f"left out, for they are not pieces of BERT's: {', '.join(checked.added_tokens)}")
    return path


def _check_copy_means_the_same(checked: vocab.Vocabulary) -> None:
    """A copy loses the tokenizer files, so without them texts must become the same ids."""
    rules = vocab.rules_of(checked)
    alone = case.decide(checked.path, checked.pieces, checked.sha256).lower_case
    if rules != vocab.default_rules(alone):
        files = tokenizer_files.names_in(os.path.dirname(checked.path))
        raise UserError(
            f"{checked.path} is {', '.join(vocab.in_words(rules))} according to "
            f"{' and '.join(files)} beside it, but not by its content; use it where it is, with "
            f"VOCAB={shlex.quote(checked.path)}"
        )


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
