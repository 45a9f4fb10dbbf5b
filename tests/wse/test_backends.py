"""A model_dir goes from one backend to the other, also as a copy."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
import yaml

from shared.errors import UserError
from tests import modelzoo_params
from tests.wse import runs
from tests.wse.conftest import ROOT
from train.checkpoints import files, tensors

CURRENT_PYTHON = ROOT / ".venv" / "bin" / "python"
# Current TensorFlow is imported once for all runs.
ALL_RUNS = (
    "import json, sys; from train import run; [run.main(each) for each in json.load(sys.stdin)]"
)


@pytest.fixture(scope="module")
def params(tmp_path_factory):
    """The configuration of trained_once."""
    path = tmp_path_factory.mktemp("params") / "p.yaml"
    runs.write_yaml(path)
    return path


@pytest.fixture(scope="module")
def went_on(trained_once, params, sentences, tmp_path_factory):
    """trained_once after two steps more; as a copy of `original` beside it, whose files say so.

    tf.estimator may write absolute paths, which in a copy name the original's checkpoints.
    """
    folder = tmp_path_factory.mktemp("went-on")
    original, copy = folder / "original", folder / "copy"
    shutil.copytree(str(trained_once), str(original))
    state = original / "checkpoint"
    for name in ("model.ckpt-0", "model.ckpt-2", "model.ckpt-4"):
        state.write_text(state.read_text().replace(f'"{name}"', f'"{original / name}"'))
    shutil.copytree(str(original), str(copy))
    changed = {**runs.weights(original), "global_step": np.int64(5)}
    tensors.save(str(original), 4, changed, keep=0)
    runs.main("train", copy, params, sentences, "--max_steps", 6)
    return copy


@pytest.fixture(scope="module")
def on_cpu(trained_once, params, sentences, tmp_path_factory):
    """What the backend cpu makes, on current TensorFlow: a folder, and what was printed.

    copy: trained_once, scored and trained on to step 6. four, six: so many steps from the start.
    """
    folder = tmp_path_factory.mktemp("cpu")
    shutil.copytree(str(trained_once), str(folder / "copy"))
    wanted = [
        ("eval", "copy"), ("predict", "copy"), ("train", "copy", "--max_steps", 6),
        ("train", "four"), ("train", "six", "--max_steps", 6),
    ]  # fmt: skip
    arguments = [
        runs.arguments(mode, folder / name, params, sentences, *more, backend="cpu")
        for mode, name, *more in wanted
    ]
    printed = subprocess.run(
        [str(CURRENT_PYTHON), "-c", ALL_RUNS],
        input=json.dumps(arguments),
        cwd=str(ROOT),
        check=True,
        stdout=subprocess.PIPE,
        universal_newlines=True,
    ).stdout
    return folder, printed


def test_trained_on_wse_then_on_cpu(trained, params, sentences, went_on, on_cpu):
    assert runs.weights(trained, step=2)["beta1_power"] == pytest.approx(0.9**3)
    assert runs.weights(trained, step=4)["beta2_power"] == pytest.approx(0.999**5)
    runs.main("predict", trained, params, sentences)
    expected = runs.predictions(trained)
    logits = np.load(str(trained / "predict" / "predictions_test.npz"))["arr_0"]
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares, expected, atol=1e-6)

    folder, printed = on_cpu
    assert re.search("eval validation: .*accuracy", printed)
    np.testing.assert_allclose(runs.predictions(folder / "copy"), expected, atol=1e-5)
    assert f"resuming from {folder / 'copy' / 'model.ckpt-4'}" in printed
    on_wse = runs.logged(went_on, "train/cost_cls")
    resumed = runs.logged(folder / "copy", "train/loss")
    for step in (5, 6):
        assert resumed[step] == pytest.approx(on_wse[step], rel=1e-4)
    assert on_wse[5] != pytest.approx(on_wse[6], rel=1e-4)


def test_trained_on_cpu_then_on_wse(params, sentences, on_cpu, capsys):
    folder, _ = on_cpu
    runs.main("train", folder / "four", params, sentences, "--max_steps", 6)
    assert "environment.backend: cpu before, wse now" in capsys.readouterr().out
    expected = runs.logged(folder / "six", "train/loss")
    on_wse = runs.logged(folder / "four", "train/cost_cls")
    for step in (5, 6):
        assert on_wse[step] == pytest.approx(expected[step], rel=1e-4)


def test_a_training_of_the_model_zoo_is_scored_and_goes_on(
    trained, params, sentences, went_on, capsys
):
    given = yaml.safe_load(params.read_text())
    (trained / "params.yaml").write_text(yaml.safe_dump(modelzoo_params.saved(16, given)))
    runs.main("eval_all", trained, params, sentences)
    scored = json.loads((trained / "eval_all.json").read_text())
    assert [(of["validation"]["step"], of["validation"]["examples"]) for of in scored] == [
        (0, 21), (2, 21), (4, 21),
    ]  # fmt: skip
    of_last = scored[-1]["validation"]
    assert of_last["modelzoo"] == {"eval/accuracy_cls": of_last["accuracy"]}
    runs.main("train", trained, params, sentences, "--max_steps", 6)
    assert f"{trained} is a training of the Model Zoo" in capsys.readouterr().out
    found, expected = runs.weights(trained, step=6), runs.weights(went_on, step=6)
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


def test_a_copy_goes_on_from_its_own_checkpoint(went_on):
    # From the original's step 4, which is a 5, it would have taken step 6 only.
    assert sorted(runs.logged(went_on, "train/cost_cls")) == [1, 2, 3, 4, 5, 6]
    assert files.steps(str(went_on))[-1] == 6
    assert str(went_on.parent / "original") not in (went_on / "checkpoint").read_text()


def test_a_checkpoint_that_lacks_variables_is_refused(trained, tmp_path, sentences):
    mixed = tmp_path / "mixed.yaml"
    runs.write_yaml(mixed, runs.MIXED)
    with pytest.raises(UserError) as error:
        runs.main("train", trained, mixed, sentences, "--max_steps", 6)
    assert "model.ckpt-4 lacks 4 variables:\n  current_loss_scale" in str(error.value)
