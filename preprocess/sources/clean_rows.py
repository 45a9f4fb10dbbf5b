"""The fast way to read a block of lines: all of its rows at once, if every one is clean.

It gives what the strict readers of strict_rows.py give, or None where it is not sure of that; then
they read the block. So a message about a row is written by them alone, and what is missing here
costs time only.
"""

import json
import operator
from typing import Optional

import numpy as np

from preprocess.sources import simple_json, table_shape
from preprocess.sources.table_rows import BOM, Block, Columns, Selection

_scan = json.JSONDecoder().scan_once  # one value, without the search for blanks around it


def of_table(block: Block, selection: Selection, is_csv: bool) -> Optional[Columns]:
    """Rows of CSV, or of TSV, which has no quotes."""
    content = block.content if block.content.endswith(b"\n") else block.content + b"\n"
    if not _is_clean_text(content):
        return None
    delimiter = (selection.form.delimiter or ",") if is_csv else "\t"
    width = len(selection.header)
    fields = table_shape.fields(content, delimiter, width, is_csv)
    if fields is None:
        return None
    values = [fields.values[at::width] for at in selection.positions]
    if selection.names[0] in values[0]:  # maybe the line of column names again
        return None
    feeds = np.flatnonzero(np.frombuffer(content, np.uint8) == ord("\n"))
    lines = block.first + np.searchsorted(feeds, fields.starts)
    is_broken = np.diff(lines, append=block.first + len(feeds)) > 1
    broken = {
        row: tuple(
            value for value in fields.values[row * width : (row + 1) * width] if "\n" in value
        )
        for row in np.flatnonzero(is_broken).tolist()
    }
    return Columns(lines, values, broken)


def _is_clean_text(content: bytes) -> bool:
    if BOM in content:
        return False
    try:
        return content.isascii() or bool(content.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def of_json(block: Block, selection: Selection) -> Optional[Columns]:
    """Rows of JSONL."""
    if not _is_clean_text(block.content):
        return None
    if values := simple_json.values(block.content, selection.names):
        return Columns(np.arange(block.first, block.first + len(values[0])), values, {})
    text = block.content.decode("utf-8").removesuffix("\n")
    if "\\ud" in text or "\\uD" in text:  # maybe half a surrogate pair
        return None
    lines = [line.rstrip("\r") for line in text.split("\n")] if "\r" in text else text.split("\n")
    try:
        objects, ends = zip(*[_scan(line, 0) for line in lines], strict=True)
        if list(ends) != list(map(len, lines)) or set(map(type, objects)) != {dict}:
            return None
        values = [_values(objects, name, name in selection.optional) for name in selection.names]
    except (ValueError, KeyError, StopIteration, RecursionError):
        return None
    return Columns(np.arange(block.first, block.first + len(lines)), values, {})


def _values(objects: "tuple[dict, ...]", name: str, is_optional: bool) -> list:
    if is_optional:
        return [found.get(name) for found in objects]
    return list(map(operator.itemgetter(name), objects))
