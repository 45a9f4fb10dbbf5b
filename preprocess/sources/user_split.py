"""The files that are given for one split, read one after the other."""

import itertools
from typing import Iterable, Iterator

import numpy as np

from preprocess.sources import stored_split, user_ids, user_paths
from preprocess.sources.row_marks import RowMarks
from preprocess.sources.rows import RowsOfFiles
from preprocess.sources.stored_split import StoredSplit
from preprocess.sources.user_labels import Labels
from preprocess.sources.user_spec import UserSpec
from preprocess.sources.user_table import UserTable
from shared.errors import UserError


class UserSplit:
    """All of them.

    Attributes:
      path: of the file, in messages; of several, the first and how many more.
      tables: a UserTable for each.
    """

    def __init__(self, spec: UserSpec, split: str, paths: "tuple[str, ...]"):
        """Raises UserError as UserTable."""
        self._drops_bad_rows = spec.drops_bad_rows
        self.path = user_paths.in_words(paths)
        self.tables = [UserTable(spec, split, path) for path in paths]

    def label_texts(self) -> Iterator[str]:
        """The label of every row that has one; raises UserError if most have none."""
        for table in self.tables:
            yield from table.label_texts()
        labelled = sum(table.labelled for table in self.tables)
        lacking = sum(table.unlabelled.count for table in self.tables)
        if lacking > labelled and not (labelled and self._drops_bad_rows):
            raise max(self.tables, key=_lack_of_labels).most_lack_labels()

    def has_rows(self) -> bool:
        """Whether some row has a label, if only that it is of no class; after `label_texts`."""
        return any(table.labelled for table in self.tables)

    def stored(self, path: str, labels: Labels) -> StoredSplit:
        """Writes every row as a serialized Example."""
        marks = RowMarks()
        examples = (table.examples(labels, marks) for table in self.tables)
        file = stored_split.write(path, itertools.chain.from_iterable(examples))
        return StoredSplit(file, self._facts(), marks.all())

    def report(self) -> str:
        """Lines on what was read; raises UserError if there is no example."""
        if not any(table.lines for table in self.tables):
            has_rows = any(table.unlabelled for table in self.tables)
            readable = "row with a label" if has_rows else "readable row"
            raise UserError(f"{self.path} has no {readable}; expected at least one")
        lines = [table.report() for table in self.tables]
        if repeated := user_ids.about_repeated(self._ids() or []):
            lines.append(f"{self.path}: {repeated}")
        return "\n".join(lines)

    def _ids(self) -> "list[str] | None":
        if self.tables[0].ids is None:
            return None
        return [text for table in self.tables for text in table.ids]

    def _facts(self) -> RowsOfFiles:
        """What is known of its rows."""
        return RowsOfFiles(
            places=np.concatenate(list(map(_places, itertools.count(), self.tables))),
            unlabelled=sum(table.unlabelled_examples() for table in self.tables),
            left_out={
                "dropped_rows": sum(table.bad.count for table in self.tables),
                "unlabelled_rows_left_out": sum(
                    table.unlabelled_left_out() for table in self.tables
                ),
            },
            ids=self._ids(),
        )


def _lack_of_labels(table: UserTable) -> int:
    return table.unlabelled.count - table.labelled


def _places(number: int, table: UserTable) -> np.ndarray:
    lines = np.frombuffer(table.lines, np.int64)
    return np.stack([np.full_like(lines, number), lines], axis=1)


def bad_rows(splits: "Iterable[UserSplit]") -> list:
    """[(path, its bad rows)] of the files that have some."""
    return [(table.path, table.bad) for split in splits for table in split.tables if table.bad]
