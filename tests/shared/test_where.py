import pytest

from shared import where
from shared.errors import UserError


@pytest.mark.parametrize(
    "task, length, expected",
    [("sst2", "", "sst2/msl72"), ("sst2", "128", "sst2/msl128"), ("mine", "", "mine/msl128")],
)
def test_folders(tmp_path, capsys, task, length, expected):
    (tmp_path / "mine").mkdir()
    where.main(str(tmp_path), task, length)
    assert capsys.readouterr().out == f"{tmp_path}/{expected}\n"


def test_a_task_that_is_nowhere(tmp_path):
    with pytest.raises(UserError, match="unknown task 'sst-2': did you mean 'sst2'"):
        where.main(str(tmp_path), "sst-2")
