"""How a user's files are written, where it is not UTF-8 with commas in .csv files."""

import codecs
from dataclasses import dataclass
from typing import Optional

from shared import shown
from shared.errors import UserError


@dataclass(frozen=True)
class FileForm:
    """Attributes: encoding, of all files, by Python's name; delimiter, of fields in .csv files."""

    encoding: Optional[str] = None
    delimiter: Optional[str] = None

    def described(self) -> "dict[str, str]":
        """What was given, for the manifest: it changes the rows."""
        given = {"encoding": self.encoding, "delimiter": self.delimiter}
        return {name: value for name, value in given.items() if value is not None}


def checked(encoding, delimiter, where: str) -> FileForm:
    r"""The form that the keys `encoding` and `delimiter` name; a tab may be written \t.

    Args: where, which file or option has them.
    Raises:
      UserError: Python knows no such encoding, or the delimiter is not one character.
    """
    return FileForm(
        None if encoding is None else _codec(encoding, where),
        None if delimiter is None else _character(delimiter, where),
    )


def _codec(name, where: str) -> Optional[str]:
    """Python's first name of it; None for UTF-8, which needs no naming."""
    try:
        "".encode(name)  # refuses what is no encoding of text, such as base64
        codec = codecs.lookup(name).name
        return None if codec in ("utf-8", "utf-8-sig") else codec
    except (LookupError, TypeError, ValueError):
        raise UserError(
            f"{where}: encoding (--encoding) is {shown.value(name)}; expected an encoding that "
            "Python knows, such as cp1252, utf-16 or gbk"
        ) from None


def _character(text, where: str) -> str:
    found = "\t" if text == "\\t" else text
    if not isinstance(found, str) or len(found) != 1 or found in '"\r\n':
        raise UserError(
            f"{where}: delimiter (--delimiter) is {shown.value(text)}; expected one character, "
            'such as ";", or "\\t" for a tab'
        )
    return found
