"""Which checkpoint is the best."""

import json

import pytest

from shared.errors import UserError
from tests.train.runs import arguments, configuration
from train import run
from train.gpu import from_plan
from train.modes.best import Best
from train.planning import make_plan


@pytest.fixture
def kept(trained, tmp_path, demo_data, request):
    """A function: (best_metric, results of steps 1, 2, ...) -> the step that is kept."""
    import yaml

    def consider(metric, *results):
        params = tmp_path / "best.yaml"
        params.write_text(yaml.safe_dump(configuration({"runconfig": {"best_metric": metric}})))
        options = run.parse(arguments("train_and_eval", trained, params, demo_data))
        plan = make_plan.make(options)
        estimator, _, _ = from_plan.estimator(plan, "cpu", is_training=True)
        best = Best(plan, {"backend": "cpu", "devices": 1}, estimator, 12)
        for step, result in enumerate(results, start=1):
            best.consider(step, {"validation": {"constant": None, **result}})
        return json.loads((trained / "best" / "best.json").read_text())["step"]

    return consider


def of(accuracy, loss, constant=None, **more):
    return {"accuracy": accuracy, "loss": loss, "constant": constant, **more}


@pytest.mark.parametrize(
    "results, best",
    [
        ([of(0.8, 0.5), of(0.9, 0.6), of(0.85, 0.1)], 2),
        ([of(0.8, 0.5), of(0.8, 0.4), of(0.8, 0.45)], 2),  # of equal ones the lower loss
        ([of(0.8, 0.5), of(0.8, 0.5)], 1),  # of the same the first
        ([of(0.95, 0.1, "no"), of(0.9, 0.6), of(0.97, 0.1, "no")], 2),  # one answer to everything
        ([of(0.9, 0.6), of(0.95, 0.1, "no")], 1),
        ([of(0.9, 0.6, "no"), of(0.9, 0.5, "no"), of(0.8, 0.1, "yes")], 2),  # all are constant
    ],
)
def test_by_the_metric_of_the_task(kept, results, best):
    assert kept(None, *results) == best


@pytest.mark.parametrize(
    "metric, best",
    [("loss", 2), ("f1_macro", 3), ("f1:negative", 1), ("accuracy", 4), ("ece", 3), ("mcc", 1)],
)
def test_by_a_chosen_metric(kept, metric, best):
    results = [
        of(0.7, 0.5, f1_macro=0.3, ece=0.3, matthews_correlation=0.2, **{"f1:negative": 0.9}),
        of(0.6, 0.1, f1_macro=0.2, ece=0.2, matthews_correlation=0.1, **{"f1:negative": 0.1}),
        of(0.6, 0.4, f1_macro=0.8, ece=0.1, matthews_correlation=0.0, **{"f1:negative": 0.8}),
        of(0.9, 0.4, f1_macro=0.7, ece=0.1, matthews_correlation=-1, **{"f1:negative": 0.7}),
    ]
    assert kept(metric, *results) == best


def test_a_chosen_metric_is_reported(train, tmp_path):
    config = {"runconfig": {"best_metric": "f1:positive", "save_checkpoints_steps": 12}}
    train("train_and_eval", tmp_path / "m", config=config)
    content = json.loads((tmp_path / "m" / "best" / "best.json").read_text())
    assert content["metric"] == "f1:positive"
    names = {"step", "examples", "accuracy", "f1:positive", "loss", "constant", "modelzoo"}
    assert {*content["results"]["validation"]} == names


@pytest.mark.parametrize(
    "metric, message",
    [
        ("spearman", "sst2 can be judged by accuracy, balanced_accuracy, f1, .*, f1:<class>"),
        ("f1:positiv", "unknown class 'positiv': did you mean 'positive'?"),
        ("acuracy", "expected one of accuracy, .*, loss, mcc, f1:<class>, found acuracy"),
    ],
)  # fmt: skip
def test_a_metric_that_the_data_do_not_have(train, tmp_path, metric, message):
    with pytest.raises(UserError, match=message):
        train("train_and_eval", tmp_path / "m", config={"runconfig": {"best_metric": metric}})
