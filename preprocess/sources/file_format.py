"""Which format a file's name says, and the file opened.

CSV       RFC 4180: a field in double quotes may hold commas, line breaks and doubled quotes
TSV       no quoting: a tab always ends a field, a line break always ends a row
JSONL     one JSON object a line
Parquet   no lines: the number of a row stands for them (parquet_file.py)

The first three may be .gz.
"""

import gzip
import os

from shared.errors import UserError

CSV, TSV, JSONL, PARQUET = _FORMATS = (".csv", ".tsv", ".jsonl", ".parquet")


def of(path: str) -> str:
    """One of the above; raises UserError if the name ends otherwise."""
    name = os.path.basename(path).removesuffix(".gz")
    extension = os.path.splitext(name)[1].lower()
    if extension not in _FORMATS:
        raise UserError(
            f"{path}: the name must end in .csv, .tsv or .jsonl, or one of these and .gz, or in "
            f"{PARQUET}, to tell the format; rename or convert it (JSON with one object a line is "
            ".jsonl)"
        )
    if extension == PARQUET and path.endswith(".gz"):
        raise UserError(f"{path}: Parquet is packed inside, without .gz; unpack it (gunzip)")
    return extension


def is_jsonl(path: str) -> bool:
    """Whether each row has its own keys instead of the columns of a header."""
    return of(path) == JSONL


def is_tsv(path: str) -> bool:
    """Whether quotes are a part of the text."""
    return of(path) == TSV


def is_csv(path: str) -> bool:
    return of(path) == CSV


def is_parquet(path: str) -> bool:
    """Whether values have types, and rows have numbers instead of lines."""
    return of(path) == PARQUET


def opened(path: str):
    """The file, unpacked while it is read; raises UserError if there is none."""
    of(path)
    try:
        return gzip.open(path) if path.endswith(".gz") else open(path, "rb")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
