"""What the workers report of the shards they wrote: plain data, one shard a line of JSON.

The launcher reads it from the working folder, which may lie where others can write: a pickle there
could run any code.
"""

import json
import os
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, Iterable, Optional

import numpy as np

from preprocess.encoding.statistics import Statistics
from shared.errors import UserError
from shared.files import whole_file
from shared.manifest import Shard

FILE = "reports.jsonl"


@dataclass(frozen=True)
class ShardReport:
    """What a written shard holds.

    Attributes:
      row_numbers: int64 [rows], see ShardRange.number_feature; None if not needed.
      documents: int64 [records], the number in the split of the row that each is of; None if each
        row is one record.
    """

    split: str
    index: int
    shard: Shard
    statistics: Statistics
    row_numbers: "np.ndarray | None" = None
    documents: "np.ndarray | None" = None


def write(folder: str, found: Iterable[ShardReport]) -> None:
    """Writes <folder>/reports.jsonl, whole or not at all."""
    with whole_file(os.path.join(folder, FILE)) as file:
        file.writelines((json.dumps(_plain(report)) + "\n").encode() for report in found)


def read(folder: str) -> "dict[tuple[str, int], ShardReport]":
    """{(split, shard index): report}; a runner that wrote a shard twice left equal reports.

    Raises:
      UserError: the file is not what `write` writes.
    """
    path = os.path.join(folder, FILE)
    try:
        with open(path, encoding="utf-8") as file:
            found = [_of_plain(json.loads(line)) for line in file]
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise UserError(
            f"{path} is not what the workers of this run wrote ({error!r}): another program writes "
            "into that folder. Run this again where only you can write (DATA_DIR)"
        ) from None
    return {(report.split, report.index): report for report in found}


def _plain(report: ShardReport) -> "dict[str, Any]":
    return {
        "split": report.split,
        "index": report.index,
        "shard": asdict(report.shard),
        "statistics": vars(report.statistics),
        "row_numbers": _list(report.row_numbers),
        "documents": _list(report.documents),
    }


def _list(numbers: "np.ndarray | None") -> Optional[list]:
    return None if numbers is None else numbers.tolist()


def _of_plain(content: "dict[str, Any]") -> ShardReport:
    counts = {name: _counter(content["statistics"][name]) for name in ("lengths", "labels")}
    return ShardReport(
        content["split"],
        content["index"],
        Shard(**content["shard"]),
        Statistics(**{**content["statistics"], **counts}),
        *(_array(content[name]) for name in ("row_numbers", "documents")),
    )


def _counter(found: "dict[str, int]") -> Counter:
    """JSON's keys are texts."""
    return Counter({int(value): count for value, count in found.items()})


def _array(numbers: Optional[list]) -> "np.ndarray | None":
    return None if numbers is None else np.array(numbers, np.int64)
