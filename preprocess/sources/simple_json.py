r"""JSON Lines whose rows are alike: the keys of the first one, each with a text or a whole number.

pyarrow reads them several times as fast as Python's json module. It takes every value as JSON has
it or refuses the block, since no key and no type is left to guess. It does not mind where lines
end, so that is checked here: `}` and `{` around a line feed can only be the end of a row and the
beginning of the next one, for within one no `{` follows a `}`.
"""

import json
from typing import Optional

_OPEN, _CLOSE = b"{", b"}"


def values(content: bytes, names: "tuple[str, ...]") -> "Optional[list[list]]":
    r"""The values of each of these keys; None if rows are not alike, or may be bad.

    >>> values(b'{"a": "x", "b": 1}\n{"a": "y", "b": 2}\n', ("b", "a"))
    [[1, 2], ['x', 'y']]

    Args: content, valid UTF-8.
    """
    content = content.replace(b"\r\n", b"\n").removesuffix(b"\n")
    rows = content.count(b"\n") + 1
    if not _is_row_a_line(content, rows):
        return None
    try:
        table = _read(content, _schema(content.partition(b"\n")[0]))
    except (ValueError, KeyError, RecursionError, OverflowError):
        return None
    if len(table) != rows or not set(names) <= set(table.column_names):
        return None
    columns = [table.column(name) for name in names]
    if any(column.null_count for column in columns):  # null, or no such key
        return None
    return [column.to_numpy().tolist() for column in columns]


def _schema(first: bytes):
    """The type of each key's value in the first row.

    Raises:
      ValueError, KeyError, RecursionError: it is no JSON, or a value neither text nor whole number.
    """
    import pyarrow

    types = {str: pyarrow.string(), int: pyarrow.int64()}
    return pyarrow.schema([(key, types[type(of)]) for key, of in json.loads(first).items()])


def _is_row_a_line(content: bytes, rows: int) -> bool:
    """Whether there are as many lines as rows, if all is JSON and there are so many rows."""
    between = content.count(_CLOSE + b"\n" + _OPEN)
    return between == rows - 1 and content.startswith(_OPEN) and content.endswith(_CLOSE)


def _read(content: bytes, schema):
    """Raises ValueError for a row that is not as the schema has it, OverflowError beyond 2 GB."""
    import pyarrow
    from pyarrow import json as arrow_json

    return arrow_json.read_json(
        pyarrow.BufferReader(content),
        arrow_json.ReadOptions(use_threads=False, block_size=len(content) + 1),
        arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
    )
