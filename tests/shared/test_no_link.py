"""Files that are written in place, where others may have put a link to another file."""

import pytest

from preprocess.beam import pipeline
from shared import lock
from shared.errors import UserError
from train.gpu import metrics_log


@pytest.fixture
def other(tmp_path):
    """Another file of the user's."""
    path = tmp_path / "other"
    path.write_text("kept")
    yield path
    assert path.read_text() == "kept"


def test_a_lock_that_is_a_link_is_refused(other, tmp_path):
    (tmp_path / ".lock").symlink_to(other)
    message = "cannot write to .*: Too many levels of symbolic links; choose another DATA_DIR"
    held = lock.exclusive(str(tmp_path / ".lock"), "another run", "DATA_DIR")
    with pytest.raises(UserError, match=message), held:
        pass


def test_metrics_are_not_appended_through_a_link(other, tmp_path):
    (tmp_path / metrics_log.FILE).symlink_to(other)
    with pytest.raises(UserError, match="A link is where a file should be; remove it"):
        metrics_log.append(str(tmp_path), 1, {"train/loss": 0.5})


def test_a_mistake_is_not_recorded_through_a_link(other, tmp_path):
    (tmp_path / pipeline.MISTAKE_FILE).symlink_to(other)
    with pytest.raises(OSError), pipeline.recorded_mistakes(str(tmp_path)):
        raise UserError("a mistake of the user's")
