"""A model_dir goes from one backend to the other, also as a copy."""

import json
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

BIAS_CORRECTION = {**runs.SMALL["optimizer"], "use_bias_correction": True}
CURRENT_PYTHON = ROOT / ".venv" / "bin" / "python"


@pytest.fixture
def cpu():
    """Runs the trainer with the backend cpu, on current TensorFlow; returns what it printed."""

    def run(mode, *arguments):
        command = [str(CURRENT_PYTHON), "-m", "train.run"]
        command += runs.arguments(mode, *arguments, backend="cpu")
        return subprocess.run(
            command, cwd=str(ROOT), check=True, stdout=subprocess.PIPE, universal_newlines=True
        ).stdout

    return run


@pytest.fixture
def params(tmp_path):
    runs.write_yaml(tmp_path / "p.yaml", {"optimizer": BIAS_CORRECTION})
    return tmp_path / "p.yaml"


def test_trained_on_wse_then_on_cpu(tmp_path, params, sentences, cpu):
    trained, copy = tmp_path / "trained", tmp_path / "copy"
    runs.main("train", trained, params, sentences)
    assert runs.weights(trained, step=2)["beta1_power"] == pytest.approx(0.9**3)
    assert runs.weights(trained, step=4)["beta2_power"] == pytest.approx(0.999**5)
    runs.main("predict", trained, params, sentences)
    expected = runs.predictions(trained)
    logits = np.load(str(trained / "predict" / "predictions_test.npz"))["arr_0"]
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares, expected, atol=1e-6)

    shutil.copytree(str(trained), str(copy))
    assert "accuracy" in cpu("eval", copy, params, sentences)
    cpu("predict", copy, params, sentences)
    np.testing.assert_allclose(runs.predictions(copy), expected, atol=1e-5)
    assert "resuming from" in cpu("train", copy, params, sentences, "--max_steps", 6)

    runs.main("train", trained, params, sentences, "--max_steps", 6)
    on_wse, on_cpu = runs.logged(trained, "train/cost_cls"), runs.logged(copy, "train/loss")
    for step in (5, 6):
        assert on_cpu[step] == pytest.approx(on_wse[step], rel=1e-4)
    assert on_wse[5] != pytest.approx(on_wse[6], rel=1e-4)


def test_trained_on_cpu_then_on_wse(tmp_path, params, sentences, cpu, capsys):
    trained, copy = tmp_path / "trained", tmp_path / "copy"
    cpu("train", trained, params, sentences)
    shutil.copytree(str(trained), str(copy))
    cpu("train", trained, params, sentences, "--max_steps", 6)
    runs.main("train", copy, params, sentences, "--max_steps", 6)
    assert "environment.backend: cpu before, wse now" in capsys.readouterr().out
    on_cpu, on_wse = runs.logged(trained, "train/loss"), runs.logged(copy, "train/cost_cls")
    for step in (5, 6):
        assert on_wse[step] == pytest.approx(on_cpu[step], rel=1e-4)


def test_a_training_of_the_model_zoo_is_scored_and_goes_on(tmp_path, params, sentences, capsys):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    runs.main("train", ours, params, sentences, "--max_steps", 2)
    shutil.copytree(str(ours), str(theirs))
    given = yaml.safe_load(params.read_text())
    (theirs / "params.yaml").write_text(yaml.safe_dump(modelzoo_params.saved(16, given)))
    runs.main("eval_all", theirs, params, sentences)
    scored = json.loads((theirs / "eval_all.json").read_text())
    assert [(of["validation"]["step"], of["validation"]["examples"]) for of in scored] == [
        (0, 21), (2, 21),
    ]  # fmt: skip
    of_last = scored[-1]["validation"]
    assert of_last["modelzoo"] == {"eval/accuracy_cls": of_last["accuracy"]}
    for folder in (ours, theirs):
        runs.main("train", folder, params, sentences, "--max_steps", 3)
    assert f"{theirs} is a training of the Model Zoo" in capsys.readouterr().out
    found, expected = runs.weights(theirs, step=3), runs.weights(ours, step=3)
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


def test_a_copy_goes_on_from_its_own_checkpoint(tmp_path, params, sentences):
    """tf.estimator may write absolute paths, which in a copy name the original's checkpoints."""
    trained, copy = tmp_path / "trained", tmp_path / "copy"
    runs.main("train", trained, params, sentences)
    state = trained / "checkpoint"
    for name in ("model.ckpt-0", "model.ckpt-2", "model.ckpt-4"):
        state.write_text(state.read_text().replace(f'"{name}"', f'"{trained / name}"'))
    shutil.copytree(str(trained), str(copy))
    changed = {**runs.weights(trained), "global_step": np.int64(3)}
    tensors.save(str(trained), 4, changed, keep=0)
    runs.main("train", copy, params, sentences, "--max_steps", 5)
    assert sorted(runs.logged(copy, "train/cost_cls")) == [1, 2, 3, 4, 5]  # the original's 4 is a 3
    assert files.steps(str(copy))[-1] == 5
    assert str(trained) not in (copy / "checkpoint").read_text()


def test_a_checkpoint_that_lacks_variables_is_refused(tmp_path, params, sentences):
    trained = tmp_path / "trained"
    runs.main("train", trained, params, sentences)
    mixed = tmp_path / "mixed.yaml"
    runs.write_yaml(mixed, runs.MIXED)
    with pytest.raises(UserError) as error:
        runs.main("train", trained, mixed, sentences, "--max_steps", 6)
    assert "model.ckpt-4 lacks 4 variables:\n  current_loss_scale" in str(error.value)
