"""A file that cannot be written is one message; nothing is left half-written, and no score lost."""

import pytest

from shared.errors import UserError
from tests.train.runs import arguments
from train import convert, run
from train.gpu import tensorboard
from train.gpu.step import Report

FULL = "File too large. Raise the limit"


def test_a_checkpoint(train, tmp_path, little_room):
    folder = tmp_path / "m"
    with little_room(20_000), pytest.raises(UserError) as error:
        train("train", folder)
    assert str(error.value).startswith(f"cannot write the checkpoint {folder}/model.ckpt-6: {FULL}")
    assert {path.name.split(".")[0] for path in folder.iterdir() if path.name != ".lock"} == {
        "events", "params", "metrics", "vocab", "tokenizer_config",
    }  # fmt: skip


def use(mode, folder, data):
    run.main(arguments(mode, folder, folder / "params.yaml", data))


def test_a_score_is_shown_before_its_file_is_written(trained, demo_data, capsys, little_room):
    with little_room(0), pytest.raises(UserError, match="cannot write .*eval_validation.json: "):
        use("eval", trained, demo_data)
    assert "eval validation: step 12  accuracy 0." in capsys.readouterr().out
    assert not list(trained.glob("*.tmp")) and not (trained / "eval_validation.json").exists()


def test_predictions(trained, demo_data, capsys, little_room):
    with little_room(0), pytest.raises(UserError, match="cannot write .*predict_test.json: "):
        use("predict", trained, demo_data)
    assert "predict test" not in capsys.readouterr().out
    assert not list(trained.glob("*.tmp")) and not list(trained.glob("predict*"))


@pytest.mark.parametrize("room", [0, 2000])
def test_the_summaries_of_tensorboard(tmp_path, little_room, room):
    either = f"(TensorBoard's files in {tmp_path}|{tmp_path}/metrics.jsonl)"
    expected = f"cannot write {either}: {FULL}"
    report = Report(*[1.0] * 4, *[1] * 2)
    with little_room(room), pytest.raises(UserError, match=expected):  # noqa: SIM117
        with tensorboard.Summaries(str(tmp_path), 1) as summaries:
            for step in range(20):
                summaries.write(step, report, 1.0, False)


def test_the_mark_of_a_restart(tmp_path, little_room):
    with little_room(0), pytest.raises(UserError, match="cannot write TensorBoard's files in"):
        tensorboard.mark_restart(str(tmp_path), 3)


@pytest.mark.parametrize("to", ["huggingface", "modelzoo"])
def test_a_conversion(trained, tmp_path, little_room, to):
    with little_room(1000), pytest.raises(UserError, match="cannot write"):
        convert.main([str(trained), str(tmp_path / "to"), "--to", to])
    assert not list(tmp_path.glob("to*"))
