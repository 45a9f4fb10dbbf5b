"""The user's own names of rows: a ticket's number, a key of a database."""

from collections import Counter

from shared import shown

_SHOWN = 3  # ids in one line


class IdError(ValueError):
    """A value that is no id; the text completes `found ...`."""


def text_of(value) -> "str | None":
    """An id as text: JSON's 17 becomes `17`; None if there is none.

    >>> text_of("T-17"), text_of(17), text_of("  ")
    ('T-17', '17', None)

    Raises:
      IdError: it is neither text nor a whole number, or has a line break.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise IdError(f"the id {shown.value(value)}")
    text = str(value)
    if "\n" in text:
        raise IdError(f"the id {shown.value(text)} over several lines")
    return text


def required(value) -> str:
    """As text_of, for a row that must have an id; raises IdError if there is none."""
    text = text_of(value)
    if text is None:
        raise IdError("no id")
    return text


def about_repeated(ids: "list[str]") -> "str | None":
    """What to say if several rows have one id: answers cannot be joined by it alone.

    >>> about_repeated(["a", "b", "a"]), about_repeated(["a", "b"])
    ("1 id comes in several rows: 'a'", None)
    """
    repeated = [text for text, count in Counter(ids).items() if count > 1]
    if not repeated:
        return None
    counted = "1 id comes" if len(repeated) == 1 else f"{len(repeated):,} ids come"
    return f"{counted} in several rows: {shown.listed(map(shown.value, repeated), _SHOWN)}"
