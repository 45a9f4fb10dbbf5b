"""Whether the columns that were asked for are there, and are what they are meant to be."""

import re
import statistics
from typing import Iterable, Optional

from preprocess.sources import file_format
from shared import shown
from shared.errors import UserError

_DELIMITERS = {",": "commas", ";": '";"', "\t": '"\\t"', "|": '"|"'}
_LONG = 40  # characters, of a text rather than of a name
_MANY_BLANKS = 4
_FEW_ROWS = 3  # of which nothing can be said


def check_names(
    path: str, names: "list[str]", header: "list[str]", rows: "Optional[Iterable[tuple]]" = None
) -> None:
    """Checks that a file with a header has each of these columns, once.

    Args: rows, some of its first ones, where the header is a line like them.
    """
    missing = [name for name in names if name not in header]
    if missing:
        problem = (
            _of_excel(header)
            or of_delimiter(path, names, header)
            or _of_blanks(missing, header)
            or (rows is not None and _of_no_header(names, header, list(rows)))
            or _of_quotes(path, missing, header)
            or _of_list(missing, header)
            or f"has no column {shown.value(missing[0])}; its columns are: {_listed(header)}"
        )
        raise UserError(f"{path} {problem}")
    for name in names:
        if header.count(name) > 1:
            raise UserError(
                f"{path} has {header.count(name)} times the column {shown.value(name)}; its "
                f"columns are: {_listed(header)}. Give each its own name"
            )


def _of_excel(header: "list[str]") -> Optional[str]:
    """If Excel wrote there, above the names, what divides columns."""
    if not "".join(header).startswith("sep="):
        return None
    return 'begins with a line for Excel alone, "sep=" and what divides columns; remove that line'


def of_delimiter(
    path: str, names: "list[str]", header: "list[str]", current: str = ""
) -> Optional[str]:
    """What to do if the header has the names with another delimiter than the current one."""
    marks = [mark for mark in _DELIMITERS if mark != current and _divides(mark, names, header)]
    if not marks:
        return None
    written, is_csv = _DELIMITERS[marks[0]], file_format.is_csv(path)
    give = f"give the delimiter: ARGS='--delimiter {written}'"
    if marks[0] == ",":
        give = "leave out delimiter (--delimiter)" if is_csv else "rename it to .csv"
    elif not is_csv:
        give = f"rename it to .csv and {give}"
    elif marks[0] == "\t":
        give = f"rename it to .tsv, if nothing in it is quoted, or {give}"
    return f"has {written} between its columns; {give}"


def _divides(mark: str, names: "list[str]", header: "list[str]") -> bool:
    fields = [part.strip().strip('"') for field in header for part in field.split(mark)]
    return len(fields) > len(header) and set(names) <= set(fields)


def _of_quotes(path: str, missing: "list[str]", header: "list[str]") -> Optional[str]:
    if f'"{missing[0]}"' not in header:
        return None
    return (
        f"has no column {shown.value(missing[0])}; its columns are: {_listed(header)}. In a TSV "
        f"file quotes are a part of the text: write {path} without them (pandas: "
        "quoting=csv.QUOTE_NONE; R: quote=FALSE), or as a .csv with commas"
    )


def _of_blanks(missing: "list[str]", header: "list[str]") -> Optional[str]:
    for name in missing:
        for found in header:
            if found.strip() == name:
                return (
                    f"has the column {shown.value(found)}, with white space around its name; "
                    "remove it, also from the values below if they have it, too"
                )
    return None


def _of_list(missing: "list[str]", header: "list[str]") -> Optional[str]:
    for name in missing:
        parts = [part.strip() for part in name.split(",")]
        if len(parts) > 1 and set(parts) <= set(header):
            return (
                f"has no column {shown.value(name)}, but the columns {' and '.join(parts)}; write "
                f"them as a list: text: [{', '.join(parts)}]"
            )
    return None


def _of_no_header(names: "list[str]", header: "list[str]", rows: "list[tuple]") -> Optional[str]:
    """If the first line looks like a row."""
    if set(names) & set(header) or not (any(map(_is_text, header)) or _recurs(header, rows)):
        return None
    return (
        f"has no column {shown.value(names[0])}; its first line looks like a row, not like column "
        f"names: {_listed(header)}. If it is one, put a line of column names before it"
    )


def _is_text(field: str) -> bool:
    return len(field) > _LONG or field.count(" ") >= _MANY_BLANKS


def _recurs(header: "list[str]", rows: "list[tuple]") -> bool:
    """Whether a field of the first line is a value in the rows below it, like a label."""
    return any(
        field in column for field, column in zip(header, zip(*rows, strict=False), strict=False)
    )


def _listed(names: "list[str]") -> str:
    return shown.listed(map(shown.plain, names))


def check_not_swapped(path: str, text: str, label: str, rows: "list[tuple]") -> None:
    """Stops where each label is another phrase and the texts are a few words: they are swapped.

    Args: rows, (text, label) of some of the first rows.
    """
    if len(rows) < _FEW_ROWS:
        return
    texts, labels = ([str(value) for value in column] for column in zip(*rows, strict=True))
    few_texts, many_labels = len(set(texts)) <= len(texts) / 2, len(set(labels)) > 0.9 * len(labels)
    if few_texts and many_labels and _length(labels) > 2 * _length(texts) and _has_words(labels):
        raise UserError(
            f"{path}: nearly every row has another label in {shown.value(label)}, such as "
            f"{shown.value(labels[0])}, and there are few texts in {shown.value(text)}, such as "
            f"{shown.value(texts[0])}. They seem to be swapped; give TEXT={label} LABEL={text}"
        )


def _length(values: "list[str]") -> float:
    return statistics.median(map(len, values))


def _has_words(labels: "list[str]") -> bool:
    return not all(re.fullmatch(r"[-+.,\deE]*", label) for label in labels)
