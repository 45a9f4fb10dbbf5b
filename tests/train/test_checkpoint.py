import shutil

import numpy as np
import pytest
import tensorflow as tf

from shared.errors import UserError
from tests.train.runs import newest
from train.checkpoints import files, tensors


def save(folder, step, keep=0):
    return tensors.save(str(folder), step, {"a/b": tf.fill([2], float(step))}, keep)


def test_what_is_saved_is_read(tmp_path):
    path = save(tmp_path, 3)
    assert (path, newest(tmp_path)) == (str(tmp_path / "model.ckpt-3"),) * 2
    np.testing.assert_array_equal(tensors.read(path, ["a/b"])["a/b"], [3.0, 3.0])
    assert files.step_of(path) == 3
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "checkpoint", "model.ckpt-3.data-00000-of-00001", "model.ckpt-3.index",
    ]  # fmt: skip


def test_tensorflow_finds_our_checkpoints_also_after_a_move(tmp_path):
    (tmp_path / "old").mkdir()
    save(tmp_path / "old", 3)
    shutil.move(tmp_path / "old", tmp_path / "new")
    assert tf.train.latest_checkpoint(str(tmp_path / "new")) == str(tmp_path / "new/model.ckpt-3")


@pytest.mark.parametrize("keep, left", [(0, [1, 2, 10, 20]), (1, [20]), (3, [2, 10, 20])])
def test_the_newest_stay(tmp_path, keep, left):
    for step in (1, 2, 10, 20):
        save(tmp_path, step, keep)
    assert files.steps(str(tmp_path)) == left
    assert len(list(tmp_path.iterdir())) == 1 + 2 * len(left)
    state = tf.train.get_checkpoint_state(str(tmp_path))
    assert [path.rsplit("-", 1)[1] for path in state.all_model_checkpoint_paths] == [
        str(step) for step in left
    ]


def test_a_state_file_of_another_machine_is_understood(tmp_path):
    save(tmp_path, 3)
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "/cluster/run/model.ckpt-3"\n')
    assert newest(tmp_path) == str(tmp_path / "model.ckpt-3")


def test_an_empty_or_missing_folder_has_no_checkpoint(tmp_path):
    assert files.newest_first(str(tmp_path)) == []
    assert files.newest_first(str(tmp_path / "none")) == []


@pytest.mark.parametrize("state", [None, "", "\n\n", 'model_checkpoint_path: "model.ckpt-4"'])
def test_checkpoints_without_readable_state_are_no_fresh_start(tmp_path, state):
    save(tmp_path, 3)
    (tmp_path / "checkpoint").unlink()
    if state is not None:
        (tmp_path / "checkpoint").write_text(state)
    with pytest.raises(UserError, match="names none of the existing checkpoints: model.ckpt-3"):
        newest(tmp_path)


def test_missing_variables_are_listed(tmp_path):
    with pytest.raises(UserError, match=r"lacks 2 variables:\n  c\n  d"):
        tensors.read(save(tmp_path, 1), ["a/b", "c", "d"])


def test_after_a_rollback_the_new_training_counts(tmp_path, capsys):
    for step in (10, 20, 30):
        save(tmp_path, step)
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-20"\n')
    assert newest(tmp_path).endswith("-20")
    save(tmp_path, 25, keep=2)
    assert files.steps(str(tmp_path)) == [20, 25]
    assert newest(tmp_path).endswith("-25")
    assert "removing" in capsys.readouterr().out


def test_a_kill_after_a_rollback_does_not_bring_the_abandoned_back(tmp_path):
    save(tmp_path, 4)
    save(tmp_path, 8)
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-4"\n')
    files.announce(str(tmp_path), 8)
    assert newest(tmp_path).endswith("-4")


def test_what_a_kill_left_is_removed_by_the_next_save(tmp_path):
    save(tmp_path, 4)
    for name in (".tmp-model.ckpt-8.data-00000-of-00001.tempstate17", ".tmp-model.ckpt-6.index",
                 "model.ckpt-2.data-00000-of-00001"):  # fmt: skip
        (tmp_path / name).write_bytes(b"left")
    save(tmp_path, 8)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint"] + [
        f"model.ckpt-{step}.{end}" for step in (4, 8) for end in ("data-00000-of-00001", "index")
    ]


def test_a_save_that_fails_leaves_the_checkpoints_before(tmp_path, monkeypatch):
    save(tmp_path, 4)

    def full(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    monkeypatch.setattr(tf.raw_ops, "SaveV2", full)
    with pytest.raises(UserError, match="model.ckpt-8: No space left on device"):
        save(tmp_path, 8)
    assert newest(tmp_path).endswith("-4")


def test_a_checkpoint_that_rotation_removed(tmp_path):
    with pytest.raises(UserError, match="no longer exists"):
        tensors.read(str(tmp_path / "model.ckpt-4"), ["a/b"])


def test_a_kill_while_saving_leaves_the_checkpoint_before(tmp_path):
    # What is on disk after `announce` and before the .index of 4 has its name.
    files.announce(str(tmp_path), 4)
    assert files.newest_first(str(tmp_path)) == []
    save(tmp_path, 4)
    files.announce(str(tmp_path), 8)
    (tmp_path / "model.ckpt-8.data-00000-of-00001").write_bytes(b"")
    assert newest(tmp_path).endswith("-4")
    save(tmp_path, 8)
    assert newest(tmp_path).endswith("-8")


def test_a_damaged_checkpoint_is_one_message(tmp_path):
    path = tmp_path / "model.ckpt-3"
    data, index = (path.with_name(path.name + end) for end in (".data-00000-of-00001", ".index"))
    for file, change in (
        (data, lambda content: content[:-1]),
        (data, lambda content: bytes([content[0] ^ 1]) + content[1:]),
        (data, None),
        (index, lambda content: b""),
        (index, lambda content: content[:-20]),
    ):
        save(tmp_path, 3)
        file.unlink() if change is None else file.write_bytes(change(file.read_bytes()))
        with pytest.raises(UserError, match="model.ckpt-3 is damaged: "):
            tensors.read(str(path), ["a/b"])
