"""Reads and checks a BERT vocabulary: one piece a line, a piece's id is its line number minus 1."""

import functools
import hashlib
import os
import re
from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

import yaml

from shared.errors import UserError
from shared.mapping_files import read_json

PAD, UNK, CLS, SEP = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
REQUIRED = (PAD, UNK, CLS, SEP)

_ASCII_SPACE = " \t\r\v\f"
MAX_PIECE_BYTES = 256  # the limit of TF Text's word-piece model

TOKENIZER_FILE = "tokenizer_config.json"
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
      name: the published name if the sha256 is known, else the file's name.
      path: of the file.
      pieces: the pieces in the order of their ids.
      sha256: of the file's bytes.
      lower_case: whether text must be lower-cased (and lose its accents) to match the pieces:
        from the checkpoint's tokenizer_config.json beside the file, else from its content.
    """

    name: str
    path: str
    pieces: Tuple[str, ...]
    sha256: str
    lower_case: bool

    def id(self, piece: str) -> int:
        return self.pieces.index(piece)


@functools.lru_cache(maxsize=1)
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
        [PAD] [UNK] [CLS] [SEP]; or it is in vocab/ under a published name with other content.
    """
    content = _content(path)
    pieces = _lines(content, path)
    _check_pieces(pieces, path)
    sha256 = hashlib.sha256(content).hexdigest()
    stem = os.path.splitext(os.path.basename(path))[0]
    if _lies_in_folder(path):
        check_published_name(stem, path, sha256)
    published = _published(sha256)
    stated = stated_case(os.path.dirname(path))
    return Vocabulary(
        name=published.name if published else stem,
        path=path,
        pieces=tuple(pieces),
        sha256=sha256,
        lower_case=lower_case_by_content(pieces, sha256) if stated is None else stated,
    )


def lower_case_by_content(pieces, sha256: str) -> bool:
    """From the table of published vocabularies, else judged by the pieces."""
    published = _published(sha256)
    return published.lower_case if published else not has_upper_case(pieces)


def _published(sha256: str) -> Optional[Known]:
    return {entry.sha256: entry for entry in known().values()}.get(sha256)


def stated_case(folder: str) -> Optional[bool]:
    """do_lower_case in <folder>/tokenizer_config.json (Hugging Face); None if it is not given.

    Raises:
      UserError: the file is not a JSON mapping, or the value is neither true nor false.
    """
    path = os.path.join(folder, TOKENIZER_FILE)
    if not os.path.exists(path):
        return None
    stated = read_json(path, "Copy it again from the checkpoint.").get("do_lower_case")
    if stated is not None and not isinstance(stated, bool):
        raise UserError(f"{path}: do_lower_case is {stated!r}, expected true or false")
    return stated


def has_upper_case(pieces) -> bool:
    """Whether the vocabulary is cased: a piece other than the [BRACKETED] ones has a letter A-Z.

    Only A-Z count: uncased vocabularies keep capitals that have no lower case, such as ℝ.
    """
    return any(re.search("[A-Z]", piece) and not re.match(r"\[.*\]$", piece) for piece in pieces)


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
    if text.startswith("\ufeff"):
        raise UserError(f"{path} line 1: starts with a byte-order mark; save it without one")
    lines = text.split("\n")  # splitlines() would also split on U+2028 and U+0085
    if lines[-1] == "":
        lines.pop()
    return [line[:-1] if line.endswith("\r") else line for line in lines]


def _check_pieces(pieces: List[str], path: str) -> None:
    first_line = {}  # type: Dict[str, int]
    for number, piece in enumerate(pieces, start=1):
        fault = _fault(piece)
        if fault:
            raise UserError(f"{path} line {number}: {fault}; expected one word piece a line")
        if piece in first_line:
            raise UserError(
                f"{path} line {number}: '{piece}' is already on line {first_line[piece]}; "
                "a piece can have only one id"
            )
        first_line[piece] = number
    missing = [piece for piece in REQUIRED if piece not in first_line]
    if missing:
        raise UserError(
            f"{path}: no line {' or '.join(missing)} among its {len(pieces)} lines; "
            f"a BERT vocabulary has {' '.join(REQUIRED)}"
        )
    if len(pieces) == len(REQUIRED):
        raise UserError(f"{path}: has {' '.join(REQUIRED)} but no word pieces")


def _fault(piece: str) -> Optional[str]:
    """What is wrong with a piece; TF Text would fail on it, or silently give other ids."""
    if not piece.strip(_ASCII_SPACE):
        return "blank"
    if re.search(f"[{_ASCII_SPACE}\0]", piece):
        return f"white space or NUL in {piece!r}"
    if len(piece.encode("utf-8")) > MAX_PIECE_BYTES:
        return f"a piece of more than {MAX_PIECE_BYTES} bytes"
    return None


def check_published_name(name: str, path: str, sha256: str) -> None:
    """Checks that a file with a published name is the published file."""
    entry = known().get(name)
    if entry and entry.sha256 != sha256:
        raise UserError(
            f"{path} is not the published {name}: sha256 {sha256}, expected {entry.sha256}. "
            "Fetch it again with `make vocab`, or give your own file another name."
        )


def _lies_in_folder(path: str) -> bool:
    """Whether it is in vocab/, where published names are reserved; elsewhere any name is fine."""
    return os.path.basename(os.path.dirname(os.path.abspath(path))) == FOLDER
