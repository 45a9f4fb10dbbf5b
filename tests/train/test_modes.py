"""The trainer's modes beyond train and eval: every checkpoint, the best one, prediction, seeds."""

import json
import shutil
import statistics

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from shared.errors import UserError
from shared.manifest_file import read_manifest
from tests.inputs import GOLDEN
from tests.train.runs import assert_same_weights, weights
from train import convert
from train.checkpoints import files
from train.modes import evaluation, seeds


def results(folder, split="validation"):
    return json.loads((folder / f"eval_{split}.json").read_text())


def test_eval_all_scores_every_checkpoint(train, trained, capsys):
    train("eval", trained)
    last = results(trained)
    capsys.readouterr()
    train("eval_all", trained)
    found = json.loads((trained / "eval_all.json").read_text())
    assert [of["validation"]["step"] for of in found] == [6, 12]
    assert found[-1]["validation"] == last
    assert len({of["validation"]["loss"] for of in found}) == 2  # other weights each time
    lines = capsys.readouterr().out.splitlines()[-2:]
    assert [line.split()[:4] for line in lines] == [
        ["step", str(step), "validation", "accuracy"] for step in (6, 12)
    ]


def test_the_best_checkpoint_is_kept(train, tmp_path, capsys, monkeypatch):
    scores = iter([0.6, 0.8, 0.8, 0.7])
    monkeypatch.setattr(
        evaluation.metrics, "compute", lambda names, *_: dict.fromkeys(names, next(scores))
    )
    folder = tmp_path / "m"
    train("train_and_eval", folder, config={"runconfig": {"save_checkpoints_steps": 3,
                                                          "keep_checkpoint_max": 2}})  # fmt: skip
    monkeypatch.undo()
    out = capsys.readouterr().out
    assert out.count("best so far") == 2
    assert out.splitlines()[-2:] == [
        f"model: {folder} (step 12)",
        f"best: {folder / 'best'} (step 6)",
    ]
    assert "best so far: step 6, accuracy 0.8000 on validation" in out
    assert files.steps(str(folder)) == [9, 12]  # as many as asked
    assert files.steps(str(folder / "best")) == [6]  # step 9 is no better: its loss is not lower
    kept = json.loads((folder / "best" / "best.json").read_text())
    assert (kept["step"], kept["results"]["validation"]["accuracy"]) == (6, 0.8)
    train("eval", folder / "best")  # a model_dir of its own
    assert results(folder / "best")["step"] == 6


def test_training_stops_early_and_a_resumed_one_does_the_same(train, tmp_path, capsys, monkeypatch):
    by_loss = []

    def compute(names, *_):
        by_loss.append(1)
        return dict.fromkeys(names, {2: 0.8}.get(len(by_loss), 0.5))

    monkeypatch.setattr(evaluation.metrics, "compute", compute)
    config = {"runconfig": {"save_checkpoints_steps": 2, "early_stopping_patience": 2}}
    train("train_and_eval", tmp_path / "m", config=config)
    assert "stopping early: accuracy on validation was best at step 4" in capsys.readouterr().out
    assert files.steps(str(tmp_path / "m"))[-1] == 8
    train("train_and_eval", tmp_path / "m", config=config)  # it does not go on by itself
    assert "stopping early" in capsys.readouterr().out
    assert files.steps(str(tmp_path / "m"))[-1] == 8
    assert len(by_loss) == 4 + 1  # that of the newest checkpoint is done again
    # Stopped and started again after its best evaluation.
    by_loss.clear()
    train("train_and_eval", tmp_path / "n", "--max_steps", 6, config=config)
    train("train_and_eval", tmp_path / "n", config=config)
    assert_same_weights(weights(tmp_path / "n", 8), weights(tmp_path / "m", 8))
    assert files.steps(str(tmp_path / "n"))[-1] == 8


def test_the_best_of_a_training_that_went_back_does_not_count(train, tmp_path, monkeypatch):
    scores = iter([0.5, 0.9, 0.6])
    monkeypatch.setattr(
        evaluation.metrics, "compute", lambda names, *_: dict.fromkeys(names, next(scores))
    )
    folder = tmp_path / "m"
    train("train_and_eval", folder)
    (folder / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-6"\n')
    (folder / "eval_validation.json").unlink()
    train("train_and_eval", folder, "--max_steps", 6)
    assert json.loads((folder / "best" / "best.json").read_text())["step"] == 6
    assert files.steps(str(folder / "best")) == [6]


def test_predict_writes_an_answer_for_every_example(train, trained, demo_data, capsys):
    folder = trained
    train("predict", folder)
    assert f"predict test: step 12  500 examples in {folder / 'predict_test.jsonl'}" in (
        capsys.readouterr().out
    )
    lines = [json.loads(line) for line in (folder / "predict_test.jsonl").open()]
    assert [line["index"] for line in lines] == list(range(500))
    assert set(lines[0]["probabilities"]) == {"negative", "positive"}
    rows = (folder / "SST-2.tsv").read_text().splitlines()
    assert rows[0] == "index\tprediction" and len(rows) == 501
    names = read_manifest(str(demo_data)).label_names
    assert [names[int(row.split("\t")[1])] for row in rows[1:]] == [line["label"] for line in lines]
    # eval_steps is for evaluations.
    config = {"runconfig": {"eval_steps": 2}}
    train("predict", folder, "--split", "validation", config=config)
    train("eval", folder)
    lines = [json.loads(line) for line in (folder / "predict_validation.jsonl").open()]
    counts = [sum(line["label"] == name for line in lines) for name in names]
    assert sum(counts) == 500 and results(folder)["examples"] == 500
    with pytest.raises(UserError, match="no split 'dev'; the dataset has"):
        train("predict", folder, "--split", "dev")


def test_a_constant_answer_is_reported(train, trained, capsys):
    import tensorflow as tf

    from train.checkpoints import tensors

    made = weights(trained, 12)
    made["cls_layer/cls_output_dense/cls_output_dense/bias"] = np.array([0.0, 9.0], np.float32)
    tensors.save(str(trained), 13, {k: tf.constant(v) for k, v in made.items()}, 0)
    train("eval", trained)
    assert results(trained)["constant"] == "positive"
    assert "every example gets the same answer, positive" in capsys.readouterr().out


def test_several_seeds_end_in_a_table(train, tmp_path, capsys):
    folder = tmp_path / "m"
    train("train", folder, "--seeds", "1,2", "--max_steps", 3)
    out = capsys.readouterr().out.splitlines()
    scores = [results(folder / f"seed-{seed}")["accuracy"] for seed in (1, 2)]
    losses = [results(folder / f"seed-{seed}")["loss"] for seed in (1, 2)]
    assert len(set(losses)) == 2
    head = next(n for n, line in enumerate(out) if line.split()[:2] == ["seed", "validation"])
    rows = {line.split()[0]: line.split()[1:] for line in out[head + 1 : head + 6]}
    assert out[head].split() == ["seed", "validation", "accuracy", "validation", "loss"]
    for seed, score, loss in zip("12", scores, losses, strict=True):
        assert rows[seed][:2] == [f"{score:.4f}", f"{loss:.4f}"]
    assert rows["median"][1] == f"{statistics.median(losses):.4f}"
    assert rows["mean"][1] == f"{sum(losses) / 2:.4f}"
    assert rows["std"][0] == f"{statistics.stdev(scores):.4f}"
    # Again: nothing is trained twice.
    train("train", folder, "--seeds", "1,2", "--max_steps", 3)
    assert capsys.readouterr().out.count("nothing to train") == 2
    found = json.loads((folder / "seeds.json").read_text())
    assert [result["seed"] for result in found] == [1, 2]


def test_a_seed_that_failed_is_flagged():
    def result(seed, accuracy, fault=None):
        about = {"step": 1, "examples": 4, "constant": fault and "yes"}
        return {"seed": seed, "results": {"dev": {**about, "accuracy": accuracy}}, "fault": fault}

    diverged = {"seed": 3, "results": {}, "fault": "diverged"}
    table = seeds.table([result(1, 0.9), result(2, 0.5, "constant answer"), diverged])
    assert [line.split() for line in table] == [
        ["seed", "dev", "accuracy"],
        ["1", "0.9000"],
        ["2", "0.5000", "constant", "answer"],
        ["3", "-", "diverged"],
        ["median", "0.7000"],
        ["mean", "0.7000"],
        ["std", "0.2828"],  # sqrt((0.2^2 + 0.2^2) / 1)
    ]


def test_a_classifier_is_scored_as_it_is(train, tmp_path, trained):
    """Our own checkpoint by its path; the same numbers as from its model_dir."""
    train("eval", trained)
    own = trained / "model.ckpt-12"
    train("eval", tmp_path / "n", "--checkpoint_path", own)
    assert results(tmp_path / "n") == results(trained)
    train("predict", tmp_path / "n", "--checkpoint_path", own)
    train("eval", trained, "--checkpoint_path", trained / "model.ckpt-6")  # one of its own
    assert results(trained)["step"] == 6
    shutil.copytree(trained, tmp_path / "o")
    with pytest.raises(UserError, match="/o holds another training; give another MODEL_DIR"):
        train("eval", tmp_path / "o", "--checkpoint_path", own)
    assert (tmp_path / "n" / "predict_test.jsonl").exists()
    with pytest.raises(UserError, match="is pretrained but not a classifier"):
        train("eval", tmp_path / "p", "--checkpoint_path", GOLDEN / "hf" / "google_tf1")


def test_a_classifier_with_its_labels_in_another_order_scores_the_same(train, tmp_path, trained):
    folder = tmp_path / "hf"
    convert.main([str(trained), str(folder)])
    config = json.loads((folder / "config.json").read_text())
    assert config["id2label"] == {"0": "negative", "1": "positive"}
    config["id2label"] = {"0": "positive", "1": "negative"}
    (folder / "config.json").write_text(json.dumps(config))
    tensors = load_file(folder / "model.safetensors")
    for name in ("classifier.weight", "classifier.bias"):
        tensors[name] = tensors[name][::-1].copy()
    save_file(tensors, folder / "model.safetensors")
    train("eval", trained)
    train("eval", tmp_path / "n", "--checkpoint_path", folder / "model.safetensors")
    assert {**results(tmp_path / "n"), "step": 12} == results(trained)
