"""metrics.jsonl has what TensorBoard gets."""

import json
import math

import pytest

from shared.errors import UserError
from tests.train import runs
from train.gpu import metrics_log


def lines(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_every_logged_step_has_its_line(trained):
    found = lines(trained)
    assert [line["step"] for line in found] == [4, 8, 12]
    for tag in ("train/loss", "train/learning_rate", "train/unclipped_grad_norm"):
        assert [line[tag] for line in found] == runs.logged(trained, tag)
    assert "train/skipped_in_a_row" not in found[0]


def test_a_training_that_goes_back_drops_what_it_takes_again(train, trained):
    (trained / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-6"\n')
    with (trained / "metrics.jsonl").open("a") as file:
        file.write('{"step": 12, "train/lo')  # cut by a kill
    before = lines_of(trained)[0]
    train("train_and_eval", trained)
    found = lines(trained)
    steps = [(line["step"], next(iter(key.split("/")[0] for key in line if "/" in key)))
             for line in found]  # fmt: skip
    assert steps == [(4, "train"), (6, "eval_validation"), (8, "train"), (12, "train"),
                     (12, "eval_validation")]  # fmt: skip
    assert json.dumps(found[0]) + "\n" == before
    scores = json.loads((trained / "eval_validation.json").read_text())
    assert found[-1]["eval_validation/accuracy"] == scores["accuracy"]
    assert found[-1]["eval_validation/loss"] == scores["loss"]


def lines_of(folder):
    return (folder / "metrics.jsonl").read_text().splitlines(keepends=True)


def test_values_that_json_lacks_are_null(tmp_path):
    metrics_log.append(str(tmp_path), 3, {"a": math.nan, "b": math.inf, "c": 0.5})
    metrics_log.append(str(tmp_path), 4, {"a": 1})
    assert lines_of(tmp_path) == ['{"step": 3, "a": null, "b": null, "c": 0.5}\n',
                                  '{"step": 4, "a": 1}\n']  # fmt: skip


def test_a_line_that_a_full_disk_has_cut_stays_alone(tmp_path):
    (tmp_path / "metrics.jsonl").write_text('{"step": 3, "a": 1}\n{"step": 4, "a"')
    metrics_log.append(str(tmp_path), 5, {"a": 2})
    assert lines_of(tmp_path)[1:] == ['{"step": 4, "a"\n', '{"step": 5, "a": 2}\n']
    assert metrics_log.read(str(tmp_path)) == [(3, {"a": 1}), (5, {"a": 2})]
    assert metrics_log.read(str(tmp_path / "absent")) == []


@pytest.mark.parametrize("step, kept", [(0, 0), (3, 1), (4, 2), (9, 2)])
def test_lines_after_a_step_and_broken_ones_are_dropped(tmp_path, step, kept):
    whole = ['{"step": 3}\n', '{"step": 4}\n']
    (tmp_path / "metrics.jsonl").write_text(
        "".join([whole[0], "no json\n", whole[1], '{"step": 4'])
    )
    metrics_log.forget_after(str(tmp_path), step)
    assert lines_of(tmp_path) == whole[:kept]


def test_without_a_file_nothing_is_forgotten(tmp_path):
    metrics_log.forget_after(str(tmp_path), 3)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "metrics.jsonl").mkdir()
    with pytest.raises(UserError, match=r"metrics.jsonl: Is a directory"):
        metrics_log.append(str(tmp_path), 3, {})
