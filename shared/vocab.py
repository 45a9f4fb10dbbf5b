"""Reads and checks a BERT vocabulary: one piece a line, a piece's id is its line number minus 1."""

import hashlib
import os
import re
from dataclasses import dataclass
from typing import Dict, List, Tuple

import yaml

from shared.errors import UserError

PAD, UNK, CLS, SEP = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
REQUIRED = (PAD, UNK, CLS, SEP)

FOLDER = "vocab"
KNOWN_FILE = os.path.join(os.path.dirname(os.path.dirname(__file__)), FOLDER, "known.yaml")
DEFAULT = "bert_base_uncased"


@dataclass(frozen=True)
class Known:
    """A published vocabulary, as vocab/known.yaml lists it."""

    name: str
    lines: int
    sha256: str
    lower_case: bool
    url: str


@dataclass(frozen=True)
class Vocabulary:
    """A vocabulary that passed every check.

    Attributes:
      name: the published name where the sha256 is a known one, else the file's name.
      path: where the file lies.
      pieces: the pieces in the order of their ids.
      sha256: of the file's bytes.
      lower_case: whether text must be lower-cased (and lose its accents) to match the pieces.
    """

    name: str
    path: str
    pieces: Tuple[str, ...]
    sha256: str
    lower_case: bool

    def id(self, piece: str) -> int:
        return self.pieces.index(piece)


def known() -> Dict[str, Known]:
    """The table of published vocabularies, {name: Known}."""
    with open(KNOWN_FILE, encoding="utf-8") as file:
        return {name: Known(name=name, **entry) for name, entry in yaml.safe_load(file).items()}


def default_path() -> str:
    return os.path.join(FOLDER, DEFAULT + ".txt")


def read(path: str) -> Vocabulary:
    """Reads and checks the vocabulary at `path`.

    Raises:
      UserError: the file is missing, not UTF-8, has a blank or duplicate line, or lacks one of
        [PAD] [UNK] [CLS] [SEP]; or it lies in vocab/ under a published name with other content.
    """
    content = _content(path)
    pieces = _lines(content, path)
    _check_pieces(pieces, path)
    sha256 = hashlib.sha256(content).hexdigest()
    _check_name(path, sha256)
    published = {entry.sha256: entry for entry in known().values()}.get(sha256)
    stem = os.path.splitext(os.path.basename(path))[0]
    return Vocabulary(
        name=published.name if published else stem,
        path=path,
        pieces=tuple(pieces),
        sha256=sha256,
        lower_case=published.lower_case if published else not has_upper_case(pieces),
    )


def has_upper_case(pieces) -> bool:
    """Whether a cased vocabulary: some piece but the [BRACKETED] ones holds a letter A-Z.

    Only A-Z count: uncased vocabularies keep capitals that have no lower case, such as ℝ.
    """
    return any(re.search("[A-Z]", piece) and not re.match(r"\[.*\]$", piece) for piece in pieces)


def sha256_of(path: str) -> str:
    """sha256 of the file's bytes, as the table of published vocabularies states it."""
    return hashlib.sha256(_content(path)).hexdigest()


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise UserError(
            f"cannot read the vocabulary {path}: {error.strerror}. Give one with VOCAB=<file> "
            "(--vocab_file), or get the default one with `make vocab` (network) or "
            "`make vocab FROM=<vocab.txt or checkpoint folder>` (no network)."
        ) from None


def _lines(content: bytes, path: str) -> List[str]:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UserError(f"{path} line {line}: not UTF-8; save the file as UTF-8") from None
    lines = text.split("\n")  # splitlines() would also split on U+2028 and U+0085
    if lines[-1] == "":
        lines.pop()
    return [line[:-1] if line.endswith("\r") else line for line in lines]


def _check_pieces(pieces: List[str], path: str) -> None:
    first_line = {}  # type: Dict[str, int]
    for number, piece in enumerate(pieces, start=1):
        if not piece.strip(" \t"):
            raise UserError(f"{path} line {number}: blank; expected one piece a line")
        if piece in first_line:
            raise UserError(
                f"{path} line {number}: '{piece}' stands already on line {first_line[piece]}; "
                "a piece may have one id only"
            )
        first_line[piece] = number
    missing = [piece for piece in REQUIRED if piece not in first_line]
    if missing:
        raise UserError(
            f"{path}: no line {' or '.join(missing)} among its {len(pieces)} lines; "
            f"a BERT vocabulary has {' '.join(REQUIRED)}"
        )


def _check_name(path: str, sha256: str) -> None:
    """A published name must mean the published file; elsewhere than in vocab/ any name goes."""
    name = os.path.splitext(os.path.basename(path))[0]
    in_folder = os.path.basename(os.path.dirname(os.path.abspath(path))) == FOLDER
    entry = known().get(name)
    if in_folder and entry and entry.sha256 != sha256:
        raise UserError(
            f"{path} is not the published {name}: sha256 {sha256}, expected {entry.sha256}. "
            "Fetch it again with `make vocab`, or give your own file another name."
        )
