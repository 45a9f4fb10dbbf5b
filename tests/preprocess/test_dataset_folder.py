import fcntl
from pathlib import Path

import pytest

from preprocess.output.dataset_folder import DatasetFolder
from shared.errors import UserError


@pytest.fixture
def folder(tmp_path):
    return DatasetFolder(str(tmp_path / "sst2" / "msl8"))


def make(path, content, complete=True):
    """A folder that looks like a dataset, or like one that a kill left incomplete."""
    path.mkdir(parents=True)
    (path / "rows").write_text(content)
    if complete:
        (path / "manifest.json").write_text("{}")


def write_new(folder):
    """What a run writes between start and commit."""
    for name, content in (("rows", "new"), ("manifest.json", "{}")):
        (Path(folder.incomplete) / name).write_text(content)


def state(tmp_path):
    """{folder name: its content} of what lies beside the dataset; names of runs left out."""
    return {
        path.name.split("-")[0]: (path / "rows").read_text()
        for path in sorted((tmp_path / "sst2").glob("m*"))
    }


def test_a_new_dataset_appears_whole(folder, tmp_path):
    with folder.locked(), folder.replaced():
        write_new(folder)
        assert state(tmp_path) == {"msl8.incomplete": "new"}
    assert state(tmp_path) == {"msl8": "new"}


def test_an_old_dataset_is_replaced_as_a_whole(folder, tmp_path):
    make(tmp_path / "sst2" / "msl8", "old")
    with folder.locked(), folder.replaced():
        write_new(folder)
        assert state(tmp_path) == {"msl8": "old", "msl8.incomplete": "new"}
    assert state(tmp_path) == {"msl8": "new"}


def test_a_failure_leaves_the_old_dataset(folder, tmp_path):
    make(tmp_path / "sst2" / "msl8", "old")
    with pytest.raises(ZeroDivisionError), folder.locked(), folder.replaced():
        write_new(folder)
        raise ZeroDivisionError
    assert state(tmp_path) == {"msl8": "old"}


@pytest.mark.parametrize(
    "left, expected",
    [
        ({"msl8.incomplete-1": False}, {}),
        ({"msl8": True, "msl8.incomplete-1": False}, {"msl8": "msl8"}),
        ({"msl8": True, "msl8.incomplete-1": True}, {"msl8": "msl8"}),
        ({"msl8.incomplete-1": True}, {"msl8": "msl8.incomplete-1"}),
        ({"msl8.incomplete-1": False, "msl8.incomplete-2": True}, {"msl8": "msl8.incomplete-2"}),
        ({"msl8.replaced": True, "msl8.incomplete-1": True}, {"msl8": "msl8.incomplete-1"}),
        ({"msl8.replaced": True}, {"msl8": "msl8.replaced"}),
        ({"msl8": True, "msl8.replaced": True}, {"msl8": "msl8"}),
    ],
)
def test_what_a_kill_left_is_finished_or_undone(folder, tmp_path, left, expected):
    for name, complete in left.items():
        make(tmp_path / "sst2" / name, name, complete)
    with folder.locked():
        assert state(tmp_path) == expected


def test_two_runs_exclude_each_other(folder, tmp_path):
    (tmp_path / "sst2").mkdir()
    with open(tmp_path / "sst2" / ".msl8.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="another run is writing to"), folder.locked():
            pass


def test_a_folder_that_is_no_dataset_is_left_alone(folder, tmp_path):
    make(tmp_path / "sst2" / "msl8", "precious", complete=False)
    with pytest.raises(UserError, match="is left untouched"), folder.locked():
        pass
    assert state(tmp_path) == {"msl8": "precious"}
