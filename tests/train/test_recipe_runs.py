"""Trainings without a configuration: sizes from a checkpoint, epochs, sweeps."""

import json
import re

import pytest
import yaml

from shared.errors import UserError
from tests.train import runs
from train import run
from train.modes import sweep

# Of 4,000 rows, an epoch in batches of 400 is 10 steps.
FAST = ("--set", "train_input.batch_size=400", "--set", "eval_input.batch_size=500")


@pytest.fixture
def go(demo_data):
    """A function: mode, model_dir, more arguments -> what the run returns."""

    def main(mode, model_dir, *more):
        fixed = ["--mode", mode, "--model_dir", str(model_dir), "--data_dir", str(demo_data)]
        return run.main([*fixed, "--backend", "cpu", *map(str, more)])

    return main


def params(folder):
    return yaml.safe_load((folder / "params.yaml").read_text())


def test_a_checkpoint_is_enough(go, tmp_path, trained_once, capsys):
    epochs = ("--set", "runconfig.num_epochs=1", "--set", "runconfig.save_checkpoints_epochs=0.5")
    go("train", tmp_path / "m", "--checkpoint_path", trained_once, *FAST, *epochs)
    out = capsys.readouterr().out
    for line in (
        "examples: 4,000, 2 classes, up to 32 tokens",
        "length: 10 steps of 400 examples: 1 epoch of 10 steps",
        "learning rate: 0 to 5e-05 in 1 step, then 5e-05 to 0 in 9 steps (adamw, ",
        "checkpoints: every 5 steps, scored on validation; the one of the best accuracy goes to",
    ):
        assert line in out
    assert [int(step) for step in re.findall(r"^eval validation: step (\d+)", out, re.M)] == [5, 10]
    assert (tmp_path / "m" / "best" / "best.json").exists()
    model, optimizer = params(tmp_path / "m")["model"], params(tmp_path / "m")["optimizer"]
    sizes = ("hidden_size", "num_heads", "num_hidden_layers", "max_position_embeddings")
    assert [model[key] for key in sizes] == [32, 2, 1, 40]  # SMALL's in tests/train/runs.py
    assert (model["dropout_rate"], optimizer["weight_decay_rate"]) == (0.0, 0.01)
    assert params(tmp_path / "m")["given"]["runconfig.num_epochs"] == 1

    # It goes on, and is used, without the checkpoint.
    go("train", tmp_path / "m", *FAST, "--max_steps", 12)
    assert "resuming from" in capsys.readouterr().out
    results = go("eval", tmp_path / "m")
    assert results is None and "eval validation: step 12" in capsys.readouterr().out


def test_data_without_a_labelled_split_is_only_trained_on(go, data_copy, tmp_path, trained_once,
                                                          capsys):  # fmt: skip
    manifest = json.loads((data_copy / "manifest.json").read_text())
    del manifest["splits"]["validation"]
    (data_copy / "manifest.json").write_text(json.dumps(manifest))
    go("train", tmp_path / "m", "--data_dir", data_copy, "--checkpoint_path", trained_once, *FAST,
       "--max_steps", 1)  # fmt: skip
    out = capsys.readouterr().out
    assert "no labelled split to evaluate: only training" in out and "best so far" not in out


def test_without_a_checkpoint_the_sizes_are_missing(go, tmp_path):
    with pytest.raises(UserError, match="leaves the model's sizes to a checkpoint: give CHECKPOIN"):
        go("train", tmp_path / "m")


def test_a_key_that_a_sweep_gives_twice():
    with pytest.raises(UserError, match="SWEEP .--sweep. gives a.b twice; .*: a.b=value,value"):
        sweep.combinations(["a.b=1", "a.c=1", "a.b=2"])


def test_a_sweep_ends_in_a_table(go, tmp_path, trained_once, capsys):
    folder = tmp_path / "m"
    command = ("train", folder, "--checkpoint_path", trained_once, *FAST, "--max_steps", 1,
               "--set", "runconfig.best_metric=f1_macro",
               "--sweep", "optimizer.learning_rate=0,0.01")  # fmt: skip
    go(*command)
    written = json.loads((folder / "sweep.json").read_text())
    rates = [params(folder / name)["optimizer"]["learning_rate"][0]["initial_learning_rate"]
             for (name,) in (of["settings"] for of in written)]  # fmt: skip
    assert sorted(rates) == [0.0, 0.01]
    assert [of["seeds"][0]["seed"] for of in written] == [None, None]
    best = written[0]["settings"][0]
    out = capsys.readouterr().out
    assert f'best: SET="{best}", trained in {folder}/{best}' in out
    assert "\nvalidation f1_macro  lowest  highest  settings\n" in out
    go(*command)  # goes on where it was, so nothing is trained again
    assert "Training finished" not in capsys.readouterr().out


def of_seeds(setting, *scores, fault=None):
    """An entry of sweep.json; a score of None is of a seed that diverged."""
    seeds = [
        {"seed": number, "results": {} if score is None else {"dev": {"f1_macro": score}},
         "fault": "diverged" if score is None else fault}
        for number, score in enumerate(scores)
    ]  # fmt: skip
    return {"settings": [setting], "model_dir": "m", "seeds": seeds}


def test_the_table_is_in_the_order_of_the_medians():
    column = ("dev", "f1_macro")
    entries = [
        of_seeds("a.b=1", 0.9, None), of_seeds("a.b=2", 0.5, 0.8, 0.6), of_seeds("a.b=3", 0.7),
        of_seeds("a.b=4", None), of_seeds("a.b=5", 0.99, fault="constant answer"),
    ]  # fmt: skip
    ordered = sorted(entries, key=lambda entry: sweep._rank(column, entry), reverse=True)
    assert list(sweep._table(column, ordered)) == [
        "dev f1_macro  lowest  highest  settings",
        "      0.7000  0.7000   0.7000  a.b=3",
        "      0.6000  0.5000   0.8000  a.b=2",
        "      0.9900  0.9900   0.9900  a.b=5 (constant answer)",
        "      0.9000  0.9000   0.9000  a.b=1 (diverged)",
        "           -       -        -  a.b=4 (diverged)",
    ]


@pytest.mark.parametrize("metric, order", [("mcc", [0.3, 0.2, 0.1]), ("log_loss", [0.1, 0.2, 0.3])])
def test_the_best_of_a_sweep_is_by_the_metric(tmp_path, demo_data, metric, order, capsys):
    """Only the trainings are left out."""
    path = tmp_path / "p.yaml"
    path.write_text(yaml.safe_dump(runs.configuration({"runconfig": {"best_metric": metric}})))
    options = run.parse(
        [*runs.arguments("train", tmp_path, path, demo_data), "--sweep", "optimizer.beta1=.2,.3,.1"]
    )

    def trained(given):
        score = float(given.set[-1].partition("=")[2])
        scores = {"accuracy": 0.5, "matthews_correlation": score, "log_loss": score}
        return {"validation": {"step": 1, "examples": 9, "constant": None, **scores}}

    found = [float(of["settings"][0].partition("=")[2]) for of in sweep.run(options, trained)]
    assert found == order
    assert f'best: SET="optimizer.beta1=.{order[0] * 10:.0f}"' in capsys.readouterr().out


@pytest.mark.parametrize(
    "given",
    ["optimizer.beta1", "optimizer.beta1=", "optimizer.beta1=1,1", "train_input.data_dir=a/b"],
)
def test_a_sweep_of_nothing(go, tmp_path, given):
    with pytest.raises(UserError, match=r"SWEEP is '.*' \(--sweep\): expected section.key=value,v"):
        go("train", tmp_path / "m", "--sweep", given)


def test_a_mistake_in_the_last_value_is_told_before_the_first_training(go, tmp_path, trained_once):
    with pytest.raises(UserError, match="optimizer.beta1: expected a number.*found 'oops'"):
        go("train", tmp_path / "m", "--checkpoint_path", trained_once, *FAST, "--max_steps", 1,
           "--sweep", "optimizer.beta1=0.8,oops")  # fmt: skip
    assert not (tmp_path / "m").exists()


def test_a_sweep_only_trains(go, tmp_path, capsys):
    for more in (["--compile_only"], ["--backend", "wse"]):
        with pytest.raises(SystemExit):
            go("train", tmp_path / "m", "--sweep", "optimizer.beta1=0.5", *more)
        assert "--sweep trains and evaluates on gpu or cpu" in capsys.readouterr().err
