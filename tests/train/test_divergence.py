"""A training that diverges does not take its good checkpoints with it, and never ends well."""

import numpy as np
import pytest
import tensorflow as tf

from shared.errors import UserError
from tests.train.runs import weights
from train.checkpoints import files, tensors
from train.errors import DivergedError
from train.gpu.state import first_ruined


def rates(steps, broken):
    """The configuration of a training with a rate of 1e-4 for some steps, then a broken one."""
    schedules = [{"scheduler": "Constant", "learning_rate": 1e-4, "steps": steps},
                 {"scheduler": "Constant", "learning_rate": broken}]  # fmt: skip
    run = {"save_checkpoints_steps": 3, "keep_checkpoint_max": 1}
    return {"optimizer": {"learning_rate": schedules}, "runconfig": run}


def changed(folder, step, change):
    """A checkpoint with the weights of step 12, one of them changed."""
    made = weights(folder, 12)
    made["cls_layer/cls_dense/cls_dense/bias"][3] = change
    tensors.save(str(folder), step, {name: tf.constant(of) for name, of in made.items()}, 0)


@pytest.mark.parametrize(
    "values, is_ruined",
    [
        ([], False),
        ([0.0, -1.0], False),
        ([1e18, 1e-30], False),  # the square, 1e36, is a float32
        ([1e20], True),  # 1e40 is none
        ([1.5e19] * 4, True),  # nor is the sum of four times 2.25e38
        ([1.0, np.nan], True),
        ([-np.inf], True),
    ],
)
def test_what_no_step_can_train_on_from(values, is_ruined):
    given = {"fine": np.ones([2, 2], np.float32), "b": np.array(values, np.float32)}
    assert first_ruined({**given, "c": given["b"]}) == ("b" if is_ruined else None)


def test_weights_that_a_step_has_broken_are_not_saved(train, tmp_path):
    """Its gradients were finite, so it was not skipped; the checkpoint is due right after it."""
    with pytest.raises(DivergedError) as error:
        train("train", tmp_path / "m", config=rates(5, 1e30))
    assert str(error.value).startswith("training diverged: at step 6 input_embedding/")
    assert "far too large. Nothing was saved since the last checkpoint." in str(error.value)
    assert files.steps(str(tmp_path / "m")) == [3]


def test_a_training_that_ends_in_skipped_steps_fails(train, tmp_path, capsys):
    """Weights of 1e14 are finite, but the outputs are not; the checkpoint of step 6 has them."""
    config = rates(5, 1e14)
    config["runconfig"]["keep_checkpoint_max"] = 2
    with pytest.raises(DivergedError, match="diverged: its last 6 steps, up to 12, had NaN"):
        train("train", tmp_path / "m", config=config)
    out = capsys.readouterr().out
    assert "step 9: no checkpoint, because steps are skipped (3 in a row)" in out
    assert "model.ckpt-6 has the weights that diverged; the next run resumes from" in out
    train("train", tmp_path / "m", config=rates(5, 1e-4))
    assert f"resuming from {tmp_path}/m/model.ckpt-3" in capsys.readouterr().out
    assert files.steps(str(tmp_path / "m")) == [12]
    assert np.isfinite(weights(tmp_path / "m", 12)["cls_layer/cls_dense/cls_dense/bias"]).all()


def test_an_evaluation_that_shows_broken_weights_gives_them_up(train, tmp_path, capsys):
    with pytest.raises(DivergedError, match="outputs on split validation are NaN or infinite"):
        train("train_and_eval", tmp_path / "m", config={
            **rates(5, 1e14),
            "runconfig": {"save_checkpoints_steps": 3},
        })  # fmt: skip
    assert "the next run resumes from" in capsys.readouterr().out
    assert files.newest_first(str(tmp_path / "m")) == [f"{tmp_path}/m/model.ckpt-3"]
    assert files.steps(str(tmp_path / "m" / "best")) == [3]


def test_checkpoints_of_a_training_that_had_diverged_are_passed_over(train, trained, capsys):
    changed(trained, 13, np.nan)
    changed(trained, 14, np.float32(1e30))
    train("train", trained, "--max_steps", 13)
    out = capsys.readouterr().out
    for step in (14, 13):
        assert f"had diverged at the checkpoint {trained}/model.ckpt-{step}: cls_layer/" in out
    assert f"resuming from {trained}/model.ckpt-12" in out
    assert files.steps(str(trained)) == [6, 12, 13]


def test_no_finite_checkpoint_is_left(train, trained):
    changed(trained, 13, np.inf)
    for step in (6, 12):
        (trained / f"model.ckpt-{step}.index").unlink()
    with pytest.raises(UserError, match=r"no checkpoint in .* can be read \(1 tried\)"):
        train("train", trained, "--max_steps", 14)


def test_going_back_before_a_checkpoint(tmp_path, capsys):
    for step in (3, 6, 9):
        tensors.save(str(tmp_path), step, {"a": tf.ones([2])}, 0)
    files.go_back(str(tmp_path), 10)  # after the last one: nothing to do
    assert not capsys.readouterr().out
    files.go_back(str(tmp_path), 6)
    assert files.newest_first(str(tmp_path)) == [f"{tmp_path}/model.ckpt-3"]
    files.go_back(str(tmp_path), 3)
    assert "no checkpoint before it is left" in capsys.readouterr().out
    assert files.steps(str(tmp_path)) == [3, 6, 9]
