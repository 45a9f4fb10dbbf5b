"""Which columns of a file make up each text: `subject+body` joins two of them."""

from shared import shown

_JOINT = "+"
_BETWEEN = " "


class TextError(ValueError):
    """A value that is no text; its own text completes `found ...`."""


def columns_of(text: str, header: "list[str] | None" = None) -> "tuple[str, ...]":
    """The columns that a text is made of.

    >>> columns_of("subject + body"), columns_of("a+b", ["a+b", "c"]), columns_of("C++")
    (('subject', 'body'), ('a+b',), ('C++',))

    Args: header, of a file: a column of it with this very name is the text.
    """
    parts = tuple(part.strip() for part in text.split(_JOINT))
    return (text,) if text in (header or ()) or not all(parts) else parts


class TextColumns:
    """The texts of a file's rows.

    >>> texts = TextColumns(("subject+body", "answer"), ["answer", "body", "subject"])
    >>> texts.columns, texts.of(("Hi", "you", "yes"))
    (['subject', 'body', 'answer'], ['Hi you', 'yes'])

    Attributes:
      columns: those that must be read, each once.
      count: how many texts they make up.
    """

    def __init__(self, texts: "tuple[str, ...]", header: "list[str]"):
        parts = [columns_of(text, header) for text in texts]
        self.columns = list(dict.fromkeys(column for columns in parts for column in columns))
        self.count = len(texts)
        self._places = [[self.columns.index(column) for column in columns] for columns in parts]
        self._is_joined = len(self.columns) != len(texts) or any(len(part) > 1 for part in parts)

    def of(self, values: tuple) -> "list[str]":
        """The texts of a row; args: values, of its `columns`, and maybe more after them.

        Raises:
          TextError: a value is no text.
        """
        texts = list(values[: len(self.columns)])
        for value in texts:
            if not isinstance(value, str):
                raise TextError(f"the text {shown.value(value)}")
        if not self._is_joined:
            return texts
        return [_BETWEEN.join([values[at] for at in places]) for places in self._places]

    def all(self, values: "list[list]") -> "list[list[str]]":
        """Each text of N rows; args: values, N of each column, as of `of`; raises as `of`."""
        columns = values[: len(self.columns)]
        for column in columns:
            if not set(map(type, column)) <= {str}:
                raise TextError("a text that is none")
        if not self._is_joined:
            return columns
        return [
            list(map(_BETWEEN.join, zip(*(columns[at] for at in places), strict=True)))
            for places in self._places
        ]
