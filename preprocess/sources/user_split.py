"""The files that are given for one split, read one after the other."""

import contextlib
import itertools
import os
from collections import Counter
from typing import Callable, Iterable, Iterator, Optional, TypeVar

import numpy as np

from preprocess.sources import (
    in_order,
    noted_rows,
    row_marks,
    stored_split,
    user_ids,
    user_paths,
)
from preprocess.sources.early_rows import EarlyRows
from preprocess.sources.rows import RowFile, RowsOfFiles
from preprocess.sources.stored_rows import StoredRows
from preprocess.sources.stored_split import StoredSplit
from preprocess.sources.table_rows import Block
from preprocess.sources.user_ids import Ids
from preprocess.sources.user_labels import Labels, UnclearLabelsError
from preprocess.sources.user_spec import UserSpec
from preprocess.sources.user_table import Noted, UserTable
from shared.errors import UserError
from shared.tasks import TRAIN_SPLIT

_LARGE = 2**23  # bytes of files, for which other processes are worth their start
T = TypeVar("T")


class UserSplit:
    """All of them.

    Attributes:
      path: of the file, in messages; of several, the first and how many more.
      tables: a UserTable for each.
    """

    def __init__(self, spec: UserSpec, split: str, paths: "tuple[str, ...]"):
        """Raises UserError as UserTable."""
        self._drops_bad_rows = spec.drops_bad_rows
        self._has_ids = bool(spec.id)
        self._has_weights = bool(spec.weight) and split == TRAIN_SPLIT
        self.path = user_paths.in_words(paths)
        self.tables = [UserTable(spec, split, path) for path in paths]
        self._early: Optional[EarlyRows] = None
        self._processes = _processes(sum(map(os.path.getsize, paths)))

    def labels(self, path: str, labels_of: "Callable[[Counter[str]], Labels]") -> "Counter[str]":
        """How many rows have each label; raises UserError if most rows have none.

        Args:
          path: rows are stored there early, which `stored` makes use of.
          labels_of: what counted labels mean; raises UnclearLabelsError.
        """
        self._early = early = EarlyRows(self._labels_of_first_block(labels_of))

        def count_and_store(table: UserTable, block: Block) -> tuple:
            rows, bad = table.read(block)
            return table.count_labels(rows, bad), early.of_block(table, rows, bad)

        with stored_split.writing_rows(path) as file:
            for table, (noted, found) in self._of_each_block(count_and_store):
                table.noted.extend(noted)
                early.add(table, found, file)
        return self._counted()

    def _labels_of_first_block(
        self, labels_of: "Callable[[Counter[str]], Labels]"
    ) -> Optional[Labels]:
        table = self.tables[0]
        with contextlib.closing(table.blocks()) as blocks:
            counts = [
                table.count_labels(*table.read(block)).labels
                for block in itertools.islice(blocks, 1)
            ]
        try:
            return labels_of(sum(counts, Counter()))
        except UnclearLabelsError:
            return None

    def _counted(self) -> "Counter[str]":
        noted = [table.noted for table in self.tables]
        counts = sum((of_table.labels for of_table in noted), Counter())
        labelled = sum(of_table.labelled for of_table in noted)
        lacking = sum(of_table.unlabelled.count for of_table in noted)
        if lacking > labelled and not (labelled and self._drops_bad_rows):
            raise max(self.tables, key=_lack_of_labels).most_lack_labels()
        return counts

    def has_rows(self) -> bool:
        """Whether some row has a label, if only that it is of no class; after `labels`."""
        return any(table.noted.labelled for table in self.tables)

    def stored(self, path: str, labels: Labels) -> StoredSplit:
        """Writes every row as a serialized Example, unless `labels` did that with these labels."""
        early = self._early and self._early.with_labels(labels)
        results = self._written(path, labels) if early is None else early
        self._early = None
        self._forget()
        ends = [(0, 0)]  # of blocks: rows and bytes
        for table, noted, stored in results:
            table.add(noted, stored)
            ends.append((ends[-1][0] + len(stored.lines), ends[-1][1] + stored.size))
        facts = self._facts()
        marks = row_marks.joined([of for table in self.tables for of in table.marks])
        for table in self.tables:
            table.release()
        return StoredSplit(RowFile(path, ends[-1][0], tuple(ends)), facts, marks)

    def _written(
        self, path: str, labels: Labels
    ) -> "Iterator[tuple[UserTable, Noted, StoredRows]]":
        def store(table: UserTable, block: Block) -> "tuple[Noted, StoredRows]":
            return table.store(labels, *table.read(block))

        with stored_split.writing_rows(path) as file:
            for table, (noted, stored) in self._of_each_block(store):
                file.write(stored.framed)
                yield table, noted, stored

    def _forget(self) -> None:
        for table in self.tables:
            table.begin()

    def _of_each_block(self, function: "Callable[[UserTable, Block], T]") -> "Iterator":
        """(its table, what the function gives) for all blocks, in order."""
        blocks = ((at, block) for at, table in enumerate(self.tables) for block in table.blocks())
        found = in_order.results(
            lambda item: (item[0], function(self.tables[item[0]], item[1])), blocks, self._processes
        )
        with contextlib.closing(found):
            for at, result in found:
                yield self.tables[at], result

    def report(self) -> str:
        """Lines on what was read; raises UserError if there is no example."""
        if not any(table.examples for table in self.tables):
            raise self.nothing_left()
        lines = [table.report() for table in self.tables]
        if repeated := user_ids.about_repeated(self._ids() or []):
            lines.append(f"{self.path}: {repeated}")
        return "\n".join(lines)

    def nothing_left(self) -> UserError:
        """What to say if no row of its files becomes an example."""
        if bad := bad_rows([self]):
            count = sum(rows.count for _, rows in bad)
            lines = "\n  ".join([f"bad rows dropped: {count:,}", *noted_rows.listed(bad)])
            return UserError(f"{self.path} has no row left; {lines}\nCorrect them.")
        has_rows = any(table.noted.unlabelled for table in self.tables)
        readable = "row with a label" if has_rows else "readable row"
        return UserError(f"{self.path} has no {readable}; expected at least one")

    def _ids(self) -> Optional[Ids]:
        if not self._has_ids:
            return None
        return Ids.joined(ids for table in self.tables for ids in table.ids)

    def _weights(self) -> Optional[np.ndarray]:
        if not self._has_weights:
            return None
        nothing = np.zeros(0, np.float32)
        return np.concatenate([nothing, *(of for table in self.tables for of in table.weights)])

    def _facts(self) -> RowsOfFiles:
        """What is known of its rows."""
        return RowsOfFiles(
            places=np.concatenate(list(map(_places, itertools.count(), self.tables))),
            unlabelled=sum(table.unlabelled_examples() for table in self.tables),
            left_out={
                "dropped_rows": sum(table.noted.bad.count for table in self.tables),
                "unlabelled_rows_left_out": sum(
                    table.unlabelled_left_out() for table in self.tables
                ),
            },
            ids=self._ids(),
            weights=self._weights(),
        )


def _processes(size: int) -> int:
    """How many read files of so many bytes."""
    return len(os.sched_getaffinity(0)) if size >= _LARGE else 1


def _lack_of_labels(table: UserTable) -> int:
    return table.noted.unlabelled.count - table.noted.labelled


def _places(number: int, table: UserTable) -> np.ndarray:
    lines = table.lines()
    return np.stack([np.full_like(lines, number), lines], axis=1)


def bad_rows(splits: "Iterable[UserSplit]") -> list:
    """[(path, its bad rows)] of the files that have some."""
    tables = [table for split in splits for table in split.tables]
    return [(table.path, table.noted.bad) for table in tables if table.noted.bad]
