"""Values in messages: in quotes, with escapes, shortened; long lists are cut."""

from typing import Iterable

_CHARACTERS = 60  # of a value
_NAMES, _NAMES_CHARACTERS = 20, 300  # of a list


def value(found) -> str:
    r"""A value as Python writes it; of a long text, the beginning, of a long list, the first items.

    >>> value("two\nlines"), value(3), value("ab" * 4000)[-25:]
    ("'two\\nlines'", '3', "ab'... (8,000 characters)")
    """
    if isinstance(found, list):
        return f"[{listed(map(value, found))}]"
    if not isinstance(found, str):
        return _cut(repr(found))
    if len(found) <= _CHARACTERS:
        return repr(found)
    return f"{found[:_CHARACTERS]!r}... ({len(found):,} characters)"


def plain(text: str) -> str:
    """As `value`, without quotes; for tables."""
    return _cut(repr(text)[1:-1])


def listed(items: Iterable[str], most: int = _NAMES) -> str:
    """The first of some texts, at most so many, with commas between them, and how many more there
    are.

    >>> listed(map(str, range(30)))
    '0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19 and 10 more'
    """
    items = list(items)
    length, fitting = 0, 0
    for item in items[:most]:
        length += len(item)
        if fitting and length > _NAMES_CHARACTERS:
            break
        fitting += 1
    more = f" and {len(items) - fitting:,} more" if len(items) > fitting else ""
    return ", ".join(items[:fitting]) + more


def _cut(text: str) -> str:
    return text if len(text) <= _CHARACTERS else text[:_CHARACTERS] + "..."
