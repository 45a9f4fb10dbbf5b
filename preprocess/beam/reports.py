"""What a worker reports of a shard it wrote: plain data, a file of JSON in the working folder.

The folder may lie where others can write: a pickle there could run any code. No report passes
through the runner, so nothing waits for all shards, and a worker that dies takes none with it.
"""

import json
import os
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, Optional

import numpy as np

from preprocess.encoding.statistics import Statistics
from shared.errors import UserError
from shared.files import write_whole
from shared.manifest import Shard

_ENDING = ".report.json"


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


def file_of(split: str, index: int) -> str:
    """The name of a shard's report: train-00003.report.json."""
    return f"{split}-{index:05d}{_ENDING}"


def write(folder: str, report: ShardReport) -> None:
    """Writes it whole or not at all; a shard that is written twice has equal reports."""
    path = os.path.join(folder, file_of(report.split, report.index))
    write_whole(path, json.dumps(_plain(report)))


def read(folder: str, split: str, index: int) -> Optional[ShardReport]:
    """The report of a shard; None if there is none.

    Raises:
      UserError: the file is not what `write` writes.
    """
    path = os.path.join(folder, file_of(split, index))
    try:
        with open(path, encoding="utf-8") as file:
            return _of_plain(json.load(file))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise UserError(
            f"{path} is not what the workers of this run wrote ({error!r}): another program writes "
            "into that folder. Run this again where only you can write (DATA_DIR)"
        ) from None


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
