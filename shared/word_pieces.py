"""Reads and checks the pieces of a BERT vocabulary; a piece's id is its place.

They stand in vocab.txt, one a line, or in the tokenizer.json of a Hugging Face checkpoint.
"""

import hashlib
import itertools
import os
import re
from typing import Dict, List, Optional, Sequence, Tuple

from shared.errors import UserError
from shared.files import check_is_no_pointer
from shared.mapping_files import read_json

PAD, UNK, CLS, SEP = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
REQUIRED = (PAD, UNK, CLS, SEP)
LINES_FILE, JSON_FILE = "vocab.txt", "tokenizer.json"
MAX_PIECE_BYTES = 256  # the limit of TF Text's word-piece model

_ASCII_SPACE = " \t\r\v\f"
_EXPECTED = "Expected model.vocab, {piece: id} with the ids 0, 1, 2, ...; copy the file again."
_GIVE = f"give {LINES_FILE}, {JSON_FILE} or the folder of one of them"


def file_of(path: str) -> str:
    """The file that holds the pieces, where `path` is that file or a checkpoint's folder."""
    if not os.path.isdir(path):
        return path
    found = file_in(path)
    if found is None:
        raise UserError(
            f"{path} has no vocabulary: no {LINES_FILE} and no {JSON_FILE}; give another folder, "
            "or the vocabulary's file"
        )
    return found


def file_in(folder: str) -> Optional[str]:
    """vocab.txt or else tokenizer.json in the folder; None if it has neither."""
    paths = [os.path.join(folder, name) for name in (LINES_FILE, JSON_FILE)]
    return next((path for path in paths if os.path.exists(path)), None)


def read(path: str) -> Tuple[str, ...]:
    """The pieces in the order of their ids; a blank line is an empty piece, which no word matches.

    Blank lines at the end are left out.

    Raises:
      UserError: the file is missing, not UTF-8, has a duplicate or faulty piece, or lacks one of
        [PAD] [UNK] [CLS] [SEP]; or it is text, and a tokenizer.json beside it has other pieces.
    """
    found, beside = _checked(path), os.path.join(os.path.dirname(path), JSON_FILE)
    if not path.endswith(".json") and os.path.exists(beside):
        _check_same(path, found, beside, _checked(beside))
    return found


def _checked(path: str) -> Tuple[str, ...]:
    is_json = path.endswith(".json")
    pieces = _of_json(path) if is_json else _lines(path)
    while pieces and not pieces[-1]:
        pieces.pop()
    unit, first = ("piece", 0) if is_json else ("line", 1)
    _check(pieces, path, unit, first)
    return tuple(pieces)


def sha256_of(pieces: Sequence[str]) -> str:
    """The vocabulary's identity: sha256 of a file with one piece a line, each ended by a newline.

    So the line ends of the file that they were read from make no difference.
    """
    return hashlib.sha256(text_of(pieces).encode("utf-8")).hexdigest()


def text_of(pieces: Sequence[str]) -> str:
    """The content of such a file."""
    return "".join(piece + "\n" for piece in pieces)


def _lines(path: str) -> List[str]:
    content = _content(path)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UserError(f"{path} line {line}: not UTF-8; save it as UTF-8, or {_GIVE}") from None
    if text.startswith("\ufeff"):
        raise UserError(f"{path} line 1: starts with a byte-order mark; save it without one")
    # splitlines() would also split on U+2028, a piece of Chinese vocabularies, and on U+0085.
    lines = [line[:-1] if line.endswith("\r") else line for line in text.split("\n")]
    return [line if line.strip(_ASCII_SPACE) else "" for line in lines]


def _content(path: str) -> bytes:
    try:
        check_is_no_pointer(path)
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise UserError(
            f"cannot read the vocabulary {path}: {error.strerror}. Give one with VOCAB=<file> "
            "(--vocab_file), or get the default one with `make vocab` (network) or "
            "`make vocab FROM=<vocab.txt or checkpoint folder>` (no network)."
        ) from None


def _of_json(path: str) -> List[str]:
    """The pieces of model.vocab in the order of their ids."""
    model = read_json(path, _EXPECTED).get("model")
    ids = model.get("vocab") if isinstance(model, dict) else None
    if not isinstance(ids, dict) or not all(type(value) is int for value in ids.values()):
        advice = _EXPECTED if os.path.basename(path) == JSON_FILE else f"{_GIVE.capitalize()}."
        raise UserError(f"{path} has no vocabulary of word pieces. {advice}")
    pieces = sorted(ids, key=ids.__getitem__)
    for expected, piece in enumerate(pieces):
        if ids[piece] != expected:
            raise UserError(
                f"{path}: model.vocab gives {piece!r} the id {ids[piece]}, but the next id is "
                f"{expected}. {_EXPECTED}"
            )
    return pieces


def _check(pieces: List[str], path: str, unit: str, first: int) -> None:
    """Args: unit and first, what the file counts, and from which number."""
    if not set(REQUIRED) & set(pieces):
        raise UserError(f"{path} is no BERT vocabulary: it lacks {' '.join(REQUIRED)}; {_GIVE}")
    numbers: Dict[str, int] = {}
    for number, piece in enumerate(pieces, start=first):
        fault = _fault(piece)
        if fault:
            raise UserError(f"{path} {unit} {number}: {fault}; expected one word piece a {unit}")
        if piece and piece in numbers:
            raise UserError(
                f"{path} {unit} {number}: '{piece}' is already on {unit} {numbers[piece]}; "
                "a piece can have only one id"
            )
        numbers[piece] = number
    missing = [piece for piece in REQUIRED if piece not in numbers]
    if missing:
        raise UserError(
            f"{path}: no {unit} {' or '.join(missing)} among its {len(pieces)} {unit}s; "
            f"a BERT vocabulary has {' '.join(REQUIRED)}"
        )
    if not set(numbers) - {*REQUIRED, ""}:
        raise UserError(f"{path}: has {' '.join(REQUIRED)} but no word pieces")


def _check_same(path: str, found: Sequence[str], beside: str, others: Sequence[str]) -> None:
    pairs = enumerate(itertools.zip_longest(found, others))
    different = [(number, *pair) for number, pair in pairs if len(set(pair)) > 1]
    if different:
        number, ours, theirs = different[0]
        raise UserError(
            f"{path} and {beside} are two vocabularies: the piece with the id {number} is {ours!r} "
            f"in the first and {theirs!r} in the second. Remove the one that is wrong."
        )


def _fault(piece: str) -> Optional[str]:
    """What is wrong with a piece; TF Text would fail on it, or silently give other ids."""
    if re.search(f"[{_ASCII_SPACE}\0\n]", piece):
        return f"white space or NUL in {piece!r}"
    if len(piece.encode("utf-8")) > MAX_PIECE_BYTES:
        return f"a piece of more than {MAX_PIECE_BYTES} bytes"
    return None
