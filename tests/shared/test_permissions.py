import os

import pytest

from shared.permissions import open_to_others

is_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def inner(tmp_path):
    """<tmp_path>/a/b; pytest's own folders are open to nobody else."""
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    "mode, of_parent, found",
    [
        (0o700, 0o755, None),
        (0o702, 0o755, "b"),
        (0o700, 0o777, "a"),  # somebody could put another folder in its place
        (0o700, 0o1777, None),  # as in /tmp, nobody can
        (0o1777, 0o755, "b"),  # but anybody can add a file
    ],
)
def test_modes(inner, mode, of_parent, found):
    inner.chmod(mode)
    inner.parent.chmod(of_parent)
    expected = {"a": str(inner.parent), "b": str(inner), None: None}[found]
    assert open_to_others(str(inner)) == expected


@is_root
def test_a_folder_of_somebody_else(inner):
    os.chown(inner.parent, 65534, -1)
    assert open_to_others(str(inner)) == str(inner.parent)


@is_root
def test_a_group_of_several_and_that_of_the_user_alone(inner):
    inner.chmod(0o775)
    os.chown(inner, -1, 0)  # root's own
    assert open_to_others(str(inner)) is None
    os.chown(inner, -1, 65534)
    assert open_to_others(str(inner)) == str(inner)
    os.chown(inner, -1, 2**31 - 2)  # without a name
    assert open_to_others(str(inner)) == str(inner)
