"""What a file is, whatever its name says: told before any row is read, as a fact of the whole file.

Bad rows can be dropped; a file of another kind cannot, for the rows that look bad may be just those
with accents.
"""

import codecs
import contextlib
import gzip
import zlib
from typing import Iterable

from preprocess.sources import file_format
from preprocess.sources.file_form import FileForm
from shared.errors import UserError

_SAMPLE_BYTES = 2**16
_GZIP = b"\x1f\x8b"
# (how it begins, what it is, what to do)
_KINDS = (
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", "save it as CSV UTF-8"),
    (b"PAR1\x15", "Parquet", "give it as a .parquet file"),
    (b"ARROW1\x00", "an Arrow file", "convert it (pandas: read_feather, to_csv)"),
    (b"SQLite format 3", "an SQLite database", "export the table as CSV"),
    (b"BZh", "bzip2", "unpack it, or pack it with gzip"),
    (b"\xfd7zXZ", "xz", "unpack it, or pack it with gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd", "unpack it, or pack it with gzip"),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it"),
    (b"%PDF", "a PDF", "give the table as CSV"),
    (b"version https://git-lfs", "a pointer of git-LFS instead of the file", "run `git lfs pull`"),
    (b"<!doctype html", "a web page", "download the file itself"),
    (b"<html", "a web page", "download the file itself"),
)
_ZIP = b"PK\x03\x04"
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_START_BYTES = 16
_BEYOND_ASCII = bytes(range(128, 256))
_CHANCE_BYTES = 6
_SHOWN = 20  # characters around one that is not UTF-8


def check(path: str, form: FileForm) -> None:
    """Looks at the beginning of the file.

    Raises:
      UserError: it is packed, binary, in another encoding, or has other ends of lines.
    """
    sample = _unpacked(path)
    _check_is_text(path, sample)
    _check_encoding(path, sample, form)
    text = codecs.getincrementaldecoder(form.encoding or "utf-8")("replace").decode(sample)
    if "\r" in text and "\n" not in text:
        raise UserError(
            f"{path}: its lines end with a carriage return alone, as on old Macs; save it with "
            "line feeds (tr '\\r' '\\n')"
        )
    _check_is_table(path, text.lstrip("\ufeff \r\n\t"))


def _unpacked(path: str) -> bytes:
    """The first bytes of the content."""
    with open(path, "rb") as file:
        sample = file.read(_SAMPLE_BYTES)
    is_gzip, is_named_gzip = sample.startswith(_GZIP), path.endswith(".gz")
    if is_gzip and not is_named_gzip:
        raise UserError(f"{path} is gzip, which its name does not say; rename it to {path}.gz")
    if not is_named_gzip:
        return sample
    if not is_gzip:
        _check_is_text(path, sample)
        raise UserError(
            f"{path} is not gzip, although its name ends in .gz; rename it to "
            f"{path.removesuffix('.gz')} if it is plain text"
        )
    # What is damaged further on is found, with its line, when the rows are read.
    with contextlib.suppress(OSError, EOFError, zlib.error), gzip.open(path) as file:
        return file.read1(_SAMPLE_BYTES)
    return b""


def _check_is_text(path: str, sample: bytes) -> None:
    start = sample[:100].lstrip().lower()
    for magic, what, advice in _KINDS:
        if sample.startswith(magic) or start.startswith(magic):
            raise UserError(f"{path} is {what}; {advice}")
    if sample.startswith(_ZIP) and b"[Content_Types].xml" in sample:
        raise UserError(f"{path} is an Excel workbook (.xlsx); save it as CSV UTF-8")
    if sample.startswith(_ZIP):
        raise UserError(
            f"{path} is a zip archive or an Excel workbook (.xlsx); unpack it, or save it as a CSV "
            "file in UTF-8"
        )
    if sample[257:262] == b"ustar":
        raise UserError(f"{path} is a tar archive; unpack it")


def _check_encoding(path: str, sample: bytes, form: FileForm) -> None:
    stated = f"encoding (--encoding) says {form.encoding}" if form.encoding else "not UTF-8"
    found = _by_byte_order_mark(sample) or _by_zeros(sample[:_START_BYTES])
    if found and not (form.encoding or "").startswith(found[:6]):
        raise UserError(f"{path} is {found.upper()}, {stated}; {_give(found)}")
    if form.encoding and _is_surely_utf8(sample, form.encoding):
        raise UserError(
            f"{path} is UTF-8, {stated}; leave that out. Where files of one task are in several "
            "encodings, save them all as UTF-8"
        )


def _give(encoding: str) -> str:
    return f'give the encoding: ARGS="--encoding {encoding}", or save the file as UTF-8'


def _by_byte_order_mark(sample: bytes) -> "str | None":
    return next((name for mark, name in _BOMS if sample.startswith(mark)), None)


def _by_zeros(sample: bytes) -> "str | None":
    """The names of columns and keys are mostly ASCII, which has a zero in every other byte."""
    even, odd = sample[0::2], sample[1::2]
    if odd.count(0) > len(odd) / 2 and even.count(0) < len(even) / 10:
        return "utf-16-le"
    if even.count(0) > len(even) / 2 and odd.count(0) < len(odd) / 10:
        return "utf-16-be"
    return None


def _is_surely_utf8(sample: bytes, stated: str) -> bool:
    """Whether it is UTF-8, beyond ASCII; a few characters of two bytes may only look like it."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    is_of_single_bytes = len(_BEYOND_ASCII.decode(stated, "replace")) == len(_BEYOND_ASCII)
    return sum(byte > 127 for byte in sample) > (0 if is_of_single_bytes else _CHANCE_BYTES)


def _check_is_table(path: str, text: str) -> None:
    is_jsonl = file_format.is_jsonl(path)
    if text.startswith("{") and not is_jsonl:
        raise UserError(
            f"{path} begins like JSON; if it has one object a line, rename it to .jsonl"
        )
    if text.startswith("[") and is_jsonl and "{" in text[:100]:
        raise UserError(
            f"{path} is one JSON array; write one object a line instead (jq -c '.[]', or pandas: "
            "to_json with orient='records', lines=True)"
        )


def check_is_utf8(path: str, lines: Iterable[bytes]) -> None:
    """Looks at the whole of a file that has a line which is not UTF-8.

    Raises:
      UserError: most lines beyond ASCII are not, so the file is in another encoding.
    """
    utf8, others, first = 0, 0, ""
    for number, line in enumerate(lines, start=1):
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
            utf8 += 1
        except UnicodeDecodeError as error:
            others += 1
            first = first or _reading(number, line, error.start)
    if others > utf8:
        raise UserError(
            f"{path} is not UTF-8 (lines in another encoding: {others:,}, in UTF-8: {utf8:,}). "
            + first
        )


def _reading(number: int, line: bytes, at: int) -> str:
    """What to do, with a line as it reads in the most common of the other encodings."""
    if b"\0" in line:
        return f"It has zero bytes: it is UTF-16 ({_give('utf-16-le')}), or no text at all"
    part = line[max(at - _SHOWN, 0) : at + _SHOWN].decode("cp1252", "replace").strip()
    return (
        f"As cp1252 (Windows, Western Europe), line {number} has {part!r}. If that is right, "
        f"{_give('cp1252')}; otherwise give the encoding it is in"
    )
