"""Which row of the source each record of a split is of: files beside the split's shards.

index.npy   GLUE's test splits. TFDS stores rows in the order of a hash, and so do the records;
            predictions must be written in the order of the original file. For record n, the number
            of its row in the source (GLUE's `index` column), int64 [examples]: a permutation.
rows.npy    Every split of a user's own files. Rows may be left out and may be longer than a line,
            so the number of a record does not lead to its row. For record n, (the number of its
            file in the manifest's source.splits.<split>.files, the line on which its row begins,
            from 1), int64 [examples, 2]; in the order of files and lines.
ids.txt     The same splits, if the user names an id column: each record's id, one a line, in UTF-8.

Where texts are cut into windows (shared/windows.py), a row may have several records. The last two
then have an entry for each row, and a third file leads to it:

documents.npy  For record n, the number of its row in rows.npy, int64 [examples]: in order.
"""

import abc
import os
from typing import BinaryIO, Callable, List, Optional

from shared.dataset_fit import rebuild_advice
from shared.errors import UserError
from shared.files import check_are_no_links, sha256_of, whole_file
from shared.manifest import Manifest, Split

_BLOCK = 2**20  # rows


def is_permutation(numbers, examples: int) -> bool:
    """Whether an array holds each of 0 to examples - 1 once.

    >>> import numpy as np
    >>> is_permutation(np.array([2, 0, 1]), 3)
    True
    """
    import numpy as np

    is_integers = numbers.shape == (examples,) and numbers.dtype.kind == "i"
    return is_integers and bool((np.sort(numbers) == np.arange(examples)).all())


def is_in_order(rows, examples: int) -> bool:
    """Whether an array holds a row for each example, in the order of files and lines, none twice.

    >>> import numpy as np
    >>> is_in_order(np.array([[0, 2], [0, 5], [1, 2]]), 3)
    True
    """
    if rows.shape != (examples, 2) or rows.dtype.kind != "i":
        return False
    # In blocks that share a row: what is compared takes as much memory as the array itself.
    blocks = (rows[start : start + _BLOCK + 1] for start in range(0, examples, _BLOCK))
    return all(map(_follow, blocks))


def _follow(rows) -> bool:
    import numpy as np

    (files, lines), (next_file, next_line) = rows.T, np.diff(rows, axis=0).T
    follows = (next_file > 0) | ((next_file == 0) & (next_line > 0))
    return bool(follows.all() and (files >= 0).all() and (lines >= 1).all())


def is_one_each(ids, examples: int) -> bool:
    """Whether a list holds an id for each example, each a line of text.

    >>> is_one_each(["T-1", "T-1"], 2), is_one_each(["T-1", ""], 2)
    (True, False)
    """
    return len(ids) == examples and all(text and "\n" not in text for text in ids)


def is_in_runs(numbers, examples: int) -> bool:
    """Whether an array holds for each example a number, from 0 on, in order and none left out.

    >>> import numpy as np
    >>> is_in_runs(np.array([0, 0, 1]), 3), is_in_runs(np.array([0, 2]), 2)
    (True, False)
    """
    import numpy as np

    if numbers.shape != (examples,) or numbers.dtype.kind != "i":
        return False
    steps = np.diff(numbers, prepend=-1)
    return bool((steps[:1] == 1).all() and ((steps == 0) | (steps == 1)).all())


_OF_ANOTHER_FORM = (ValueError, EOFError, OverflowError)


class _Map(abc.ABC):
    """One kind of these files.

    Attributes:
      file_name: in the split's folder.
    """

    form = ""  # of the file, in words

    def __init__(
        self,
        file_name: str,
        sha256: "Callable[[Split], Optional[str]]",
        is_right: "Callable[..., bool]",
        rule: str,
        source: str,
        entries: "Callable[[Split], int]" = lambda entry: entry.rows,
    ):
        """Args: sha256, of the file by the manifest; is_right(rows, entries), in words `rule`;
        entries, how many it has."""
        self.file_name = file_name
        self._sha256, self._is_right = sha256, is_right
        self._rule, self._source, self._entries = rule, source, entries

    @abc.abstractmethod
    def _save(self, rows, file: BinaryIO) -> None:
        """Writes the rows, without a second copy of them in memory."""

    @abc.abstractmethod
    def _load(self, path: str):
        """The rows of a file; raises one of _OF_ANOTHER_FORM if it is."""

    def path(self, dataset: str, split: str) -> str:
        return os.path.join(dataset, split, self.file_name)

    def is_part_of(self, entry: Split) -> bool:
        """Whether a split has such a file."""
        return self._sha256(entry) is not None

    def write(self, dataset: str, split: str, rows) -> str:
        """Writes the file of a split; returns its sha256."""
        assert self._is_right(rows, len(rows))
        os.makedirs(os.path.join(dataset, split), exist_ok=True)  # the shards may be in a store
        with whole_file(self.path(dataset, split)) as file:
            self._save(rows, file)
        return sha256_of(self.path(dataset, split))

    def read(self, dataset: str, split: str, manifest: Manifest):
        """What `write` was given for a split; None if it has no such file.

        Raises:
          UserError: the file is missing, damaged or a link.
        """
        entry = manifest.splits[split]
        if not self.is_part_of(entry):
            return None
        problem = self.fault(dataset, split, entry)
        if problem:
            raise UserError(
                f"{self.path(dataset, split)} {problem}. It maps each record to its row in "
                f"{self._source}. {rebuild_advice(manifest)}"
            )
        return self._load(self.path(dataset, split))

    def fault(self, dataset: str, split: str, entry: Split) -> Optional[str]:
        """What is wrong with a split's file; None if nothing is, or if it needs none.

        Raises:
          UserError: it is a link.
        """
        if not self.is_part_of(entry):
            return None
        path = self.path(dataset, split)
        if not os.path.exists(path):
            return "is missing"
        check_are_no_links(os.path.dirname(path), path)
        sha256 = sha256_of(path)
        if sha256 != self._sha256(entry):
            return f"has the sha256 {sha256}, the manifest says {self._sha256(entry)}"
        try:
            rows = self._load(path)
        except _OF_ANOTHER_FORM as error:
            return f"is not {self.form} ({error})"
        entries = self._entries(entry)
        if not self._is_right(rows, entries):
            return "does not hold " + self._rule.format(entries=entries, last=entries - 1)
        return None


class _Numbers(_Map):
    """An array of integers."""

    form = "a NumPy file"

    def _save(self, rows, file: BinaryIO) -> None:
        import numpy as np

        np.save(file, rows.astype("<i8", copy=False), allow_pickle=False)

    def _load(self, path: str):
        import numpy as np

        # A map of the file has its size; otherwise memory is taken for as many as its header says.
        return np.array(np.load(path, mmap_mode="r", allow_pickle=False))


class _Lines(_Map):
    """A list of texts, one a line."""

    form = "UTF-8 text"

    def _save(self, rows, file: BinaryIO) -> None:
        file.writelines((row + "\n").encode("utf-8") for row in rows)

    def _load(self, path: str):
        with open(path, "rb") as file:
            return file.read().decode("utf-8").split("\n")[:-1]


INDEX = _Numbers(
    "index.npy",
    lambda entry: entry.index_sha256,
    is_permutation,
    "each number from 0 to {last:,} once",
    "the test file",
)
ROWS = _Numbers(
    "rows.npy",
    lambda entry: entry.rows_sha256,
    is_in_order,
    "a file and a line for each of {entries:,} rows, in order",
    "your files",
)
IDS = _Lines(
    "ids.txt",
    lambda entry: entry.ids_sha256,
    is_one_each,
    "an id for each of {entries:,} rows",
    "your files",
)
DOCUMENTS = _Numbers(
    "documents.npy",
    lambda entry: entry.documents_sha256,
    is_in_runs,
    "the number of its row for each of {entries:,} records, in order",
    "your files",
    lambda entry: entry.examples,
)
MAPS = (INDEX, ROWS, IDS, DOCUMENTS)


def file_names(manifest: Manifest, split: str) -> List[str]:
    """The user's files that a split was made of, as rows.npy numbers them."""
    return [entry["file"] for entry in manifest.source["splits"][split]["files"]]
