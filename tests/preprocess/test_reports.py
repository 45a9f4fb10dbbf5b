"""The workers' reports of their shards, as they pass through the working folder."""

import dataclasses
import pickle
from collections import Counter

import numpy as np
import pytest

from preprocess.beam import reports
from preprocess.beam.reports import ShardReport
from preprocess.encoding.statistics import Statistics
from shared.errors import UserError
from shared.manifest import Shard

COUNTS = Statistics(
    examples=3,
    lengths=Counter({5: 2, 9: 1}),
    pieces=12,
    unknown=1,
    labels=Counter({0: 1, 1: 2}),
    unlabelled=0,
    rows_fingerprint=2**64 - 1,
)
REPORT = ShardReport("train", 1, Shard("train-00001-of-00002.tfrecord", 3, 300, "ab12"), COUNTS)


def test_a_report_is_read_as_it_was_written(tmp_path):
    numbers = np.array([2, 0, 2**40])
    with_arrays = dataclasses.replace(REPORT, index=0, row_numbers=numbers, documents=numbers[:0])
    for report in (with_arrays, REPORT):
        reports.write(str(tmp_path), report)
    # Counters have whole numbers as keys again.
    assert reports.read(str(tmp_path), "train", 1) == REPORT
    assert reports.read(str(tmp_path), "train", 2) is None
    read = reports.read(str(tmp_path), "train", 0)
    assert read.row_numbers.tolist() == [2, 0, 2**40] and read.documents.tolist() == []
    assert read.row_numbers.dtype == read.documents.dtype == np.int64


class Harmful:
    """Unpickled, it makes a folder."""

    def __init__(self, path):
        self._path = path

    def __reduce__(self):
        import os

        return os.mkdir, (self._path,)


def test_a_pickle_in_the_place_of_the_reports_is_not_run(tmp_path):
    (tmp_path / reports.file_of("train", 0)).write_bytes(
        pickle.dumps(Harmful(str(tmp_path / "made")))
    )
    with pytest.raises(UserError, match="not what the workers of this run wrote"):
        reports.read(str(tmp_path), "train", 0)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("content", ["[]", "{}", '{"split": "train", "index": 0, "shard": null}'])
def test_a_report_of_another_form(content, tmp_path):
    (tmp_path / reports.file_of("train", 0)).write_text(content)
    with pytest.raises(UserError, match="report.json is not what.*Run this again where only you"):
        reports.read(str(tmp_path), "train", 0)
