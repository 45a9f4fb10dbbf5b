"""What goes wrong around a training is a message, and nothing old passes for new."""

import json
import os
import signal

import numpy as np
import pytest
import tensorflow as tf

from shared.errors import Terminated, UserError
from tests.train.runs import assert_same_weights, weights
from train import run, signals
from train.checkpoints import model_dir, tensors
from train.gpu import from_plan
from train.modes import seeds


def best(folder):
    return json.loads((folder / "best" / "best.json").read_text())


def result(folder, split="validation"):
    return json.loads((folder / f"eval_{split}.json").read_text())


def test_a_score_of_something_else_does_not_choose_the_best(train, trained):
    train("eval", trained, "--eval_steps", 1)  # 64 examples, at the step that comes next
    assert result(trained)["examples"] == 64
    train("train_and_eval", trained)
    kept = best(trained)["results"]["validation"]
    assert (kept["step"], kept["examples"]) == (12, 500)


def test_the_best_of_another_training_is_not_taken_over(train, trained):
    folder = trained
    train("train_and_eval", folder)  # scores what is there
    for file in [*folder.glob("model.ckpt*"), folder / "checkpoint"]:
        file.unlink()
    with pytest.raises(UserError, match="best is the best checkpoint of an earlier training; move"):
        train("train_and_eval", folder)
    assert (folder / "best" / "model.ckpt-12.index").exists()


def test_the_best_holds_the_weights_of_its_step(train, trained, capsys):
    folder = trained
    train("train_and_eval", folder)
    step = best(folder)["step"]
    assert_same_weights(weights(folder / "best", step), weights(folder, step))
    # Chosen by other examples, it does not count.
    train("train_and_eval", folder, "--eval_steps", 2, "--max_steps", 13)
    assert "best: it was chosen by another split or metric" in capsys.readouterr().out
    assert best(folder)["eval_steps"] == 2


def test_a_damaged_best_is_named(train, tmp_path, trained):
    (trained / "best").mkdir()
    (trained / "best" / "best.json").write_text("{")
    with pytest.raises(UserError, match="best.json is not valid JSON: .* Remove the folder"):
        train("train_and_eval", trained)


def test_what_is_beside_a_better_checkpoint_is_told(train, trained, capsys):
    train("train_and_eval", trained)
    kept = trained / "best"
    for name in ("report.html", "predict_test.jsonl", "notes.md"):
        (kept / name).write_text("")
    (kept / "best.json").write_text(json.dumps({**best(trained), "results": {
        "validation": {**best(trained)["results"]["validation"], "accuracy": 0.0}}}))  # fmt: skip
    capsys.readouterr()
    train("train_and_eval", trained, "--max_steps", 13)
    told = f"of an earlier best checkpoint, in {kept}: predict_test.jsonl, report.html\n"
    assert told in capsys.readouterr().out


def with_nan(folder, step):
    """A checkpoint of `folder`'s weights of which one is NaN."""
    made = weights(folder, 12)
    made["cls_layer/cls_dense/cls_dense/bias"] = np.full(32, np.nan, np.float32)
    tensors.save(str(folder), step, {k: tf.constant(v) for k, v in made.items()}, 0)


def test_weights_that_diverged_are_named_and_left_out(train, trained, capsys):
    with_nan(trained, 13)
    with pytest.raises(UserError, match="outputs on split validation are NaN or infinite"):
        train("eval", trained)
    train("eval_all", trained)
    assert (
        "step 13 skipped: the model's outputs on split validation are NaN or infinite"
        in capsys.readouterr().out
    )
    found = json.loads((trained / "eval_all.json").read_text())
    assert [of["validation"]["step"] for of in found] == [6, 12]


def test_a_seed_that_diverges_does_not_end_the_others(train, tmp_path, capsys):
    rates = {"optimizer": {"learning_rate": 1e30, "optimizer_type": "sgd", "weight_decay_rate": 0,
                           "max_gradient_norm": 0}}  # fmt: skip
    with pytest.raises(UserError, match="diverged: seed 1, 2. The lines above say why"):
        train("train", tmp_path / "m", "--seeds", "1,2", "--max_steps", 3, config=rates)
    found = json.loads((tmp_path / "m" / "seeds.json").read_text())
    assert [(of["seed"], of["fault"]) for of in found] == [(1, "diverged"), (2, "diverged")]


def test_sigterm_between_seeds_is_not_lost(train, tmp_path, monkeypatch):
    real = seeds._scored

    def scored_and_stopped(*arguments):
        os.kill(os.getpid(), signal.SIGTERM)
        return real(*arguments)

    monkeypatch.setattr(seeds, "_scored", scored_and_stopped)
    with pytest.raises(Terminated, match="stopped by SIGTERM before seed 2"):
        train("train", tmp_path / "m", "--seeds", "1,2", "--max_steps", 1)
    assert (tmp_path / "m" / "seed-1").exists() and not (tmp_path / "m" / "seed-2").exists()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_sigterm_before_the_first_step(train, tmp_path):
    with signals.noted():
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Terminated, match="before the first step; nothing to save"):
            train("train", tmp_path / "m")
    assert not list((tmp_path / "m").glob("model.ckpt*"))


def test_seeds_need_an_end_that_a_second_start_does_not_move(train, tmp_path):
    with pytest.raises(UserError, match="--seeds with steps: a restart would train some"):
        train("train", tmp_path / "m", "--seeds", "1,2", "--steps", 3)
    with pytest.raises(UserError, match="--seeds with runconfig.multiple_workers"):
        config = {"runconfig": {"multiple_workers": True}}
        train("train", tmp_path / "m", "--seeds", "1,2", config=config)


@pytest.mark.parametrize("seeds", ["1", "1,1", "1,x", "", "4294967296,1"])
def test_seeds_that_are_none(train, tmp_path, seeds, capsys):
    with pytest.raises(SystemExit):
        train("train", tmp_path / "m", "--seeds", seeds)
    assert "expected" in capsys.readouterr().err


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_a_streamed_record_that_breaks_a_rule_is_a_message(train, trained, data_copy, mode):
    """The bytes are whole; input_mask is not 1 exactly on the padding."""
    split = "train" if mode == "train" else "validation"
    (shard,) = (data_copy / split).glob("*.tfrecord")
    rows = [row.numpy() for row in tf.data.TFRecordDataset(str(shard))]
    at = 12 * 8 + 3  # of the step that comes next
    example = tf.train.Example.FromString(rows[at])
    example.features.feature["input_mask"].int64_list.value[:] = [1] + [0] * 31
    rows[at] = example.SerializeToString(deterministic=True)
    with tf.io.TFRecordWriter(str(shard)) as writer:
        for row in rows:
            writer.write(row)
    streamed = {"memory_limit_gb": 1e-9, "shuffle": False}
    with pytest.raises(UserError, match="cannot be read: a batch breaks the rule: input_mask"):
        train(mode, trained, *(["--max_steps", "14"] if mode == "train" else []), data=data_copy,
              config={"train_input": streamed, "eval_input": streamed})  # fmt: skip


def test_folders_that_cannot_be_written(train, tmp_path, trained):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="MODEL_DIR is .*file, which is a file; choose another"):
        train("eval", tmp_path / "file", "--checkpoint_path", trained)
    (trained / "eval_validation.json").mkdir()
    with pytest.raises(UserError, match="cannot write .*eval_validation.json: Is a directory"):
        train("eval", trained)
    assert not list(trained.glob("*.tmp"))


def test_a_second_training_ends_before_tensorflow_starts(train, trained, monkeypatch):
    def late(_):
        raise AssertionError("too late")

    monkeypatch.setattr(run, "_import_tensorflow", late)
    with model_dir.locked(str(trained)):
        with pytest.raises(UserError, match="another training is writing to .*m; wait for it"):
            train("train", trained)
        with pytest.raises(AssertionError, match="too late"):
            train("eval", trained)


def test_memory_that_runs_out_in_an_evaluation_names_its_batch(train, trained, monkeypatch):
    from train.gpu import estimator

    def too_large(weights, features, *_):
        million = tf.reduce_max(features["input_ids"]) // 1000 + 10**6
        return tf.zeros([million, million, million])[:, :2, 0]

    monkeypatch.setattr(estimator.classifier, "logits", too_large)
    with pytest.raises(UserError, match="batch 64 x length 32: OOM .* batch_size smaller than 64"):
        train("eval", trained)


@pytest.mark.parametrize(
    "mode, name, options",
    [
        ("eval", "estimator", ()),
        ("predict", "estimator", ("--split", "validation")),
        ("train", "throw_away_estimator", ("--validate_only",)),
    ],
)
def test_weights_that_do_not_fit_in_memory(train, trained, monkeypatch, mode, name, options):
    def full(*_, **__):
        raise tf.errors.InternalError(None, None, "CUDA_ERROR_OUT_OF_MEMORY: out of memory")

    monkeypatch.setattr(from_plan, name, full)
    with pytest.raises(UserError, match="out of memory with batch"):
        train(mode, trained, *options)
