"""The same bytes from every runner of this machine; those of a Dask cluster are in test_dask.py."""

import pytest

from preprocess import run
from tests.inputs import data_arguments, sha256_of_files

SHARDS = 12


def make(demo_input, data_dir, *beam_options):
    arguments = data_arguments(demo_input, data_dir, "--num_shards", SHARDS, "--", *beam_options)
    run.main(arguments)
    return sha256_of_files(data_dir / "sst2" / "msl32")


@pytest.fixture(scope="module")
def expected(demo_input, tmp_path_factory):
    """From the default runner: one process, several threads."""
    found = make(demo_input, tmp_path_factory.mktemp("threads"))
    assert len(found) == 3 * SHARDS + 1  # and the index of the test split
    return found


def test_one_thread(demo_input, tmp_path, expected):
    assert make(demo_input, tmp_path, "--runner=FnApiRunner") == expected


@pytest.mark.long
@pytest.mark.parametrize("workers", [1, 2])
def test_worker_processes(demo_input, tmp_path, expected, workers):
    options = ("--direct_running_mode=multi_processing", f"--direct_num_workers={workers}")
    assert make(demo_input, tmp_path, *options) == expected
