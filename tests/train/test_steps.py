"""A training step: trimming changes nothing, float16 is scaled, NaN changes no weight."""

import dataclasses
import functools

import numpy as np
import pytest
import tensorflow as tf

from shared.errors import UserError
from shared.manifest_file import read_manifest
from tests.train.golden import FEATURES, golden, modelzoo_batches, modelzoo_weights
from tests.train.runs import losses, newest, weights
from train.checkpoints import files
from train.data import input_fn
from train.errors import DivergedError, is_about_memory
from train.gpu import step
from train.gpu.estimator import Estimator
from train.model import classifier
from train.optim import loss_scale


@pytest.fixture
def logged(tiny):
    """A function: as `tiny` with one layer, and the loss of every step in TensorBoard's files."""

    def make(**sections):
        run = {"save_summary_steps": 1, **sections.pop("runconfig", {})}
        model = {"num_hidden_layers": 1, **sections.pop("model", {})}
        return tiny(runconfig=run, model=model, **sections)

    return make


def train(params, folder, steps, batches=modelzoo_batches):
    """Trains from the golden weights; returns what the checkpoint holds."""
    folder.mkdir(exist_ok=True)
    estimator = Estimator(params, str(folder), modelzoo_weights(params.model))
    estimator.train(batches, steps)
    return weights(folder)


def test_trimming_changes_no_loss(logged, tmp_path, demo_data):
    inputs = {"data_dir": str(demo_data), "batch_size": 16}
    manifest = read_manifest(str(demo_data))
    params = logged(train_input=inputs, model={"vocab_size": manifest.vocabulary.size},
                    runconfig={"max_steps": 8})  # fmt: skip
    trimmed = functools.partial(input_fn.train_input_fn, manifest=manifest)

    def untrimmed(params, context):
        return trimmed(params, context).map(
            lambda features, labels: ({name: pad(name, features) for name in FEATURES}, labels)
        )

    def pad(name, features):
        missing = 32 - tf.shape(features[name])[1]
        return tf.pad(features[name], [[0, 0], [0, missing]],
                      constant_values=1 if name == "input_mask" else 0)  # fmt: skip

    lengths = set()
    for kind, batches in (("trimmed", trimmed), ("untrimmed", untrimmed)):
        (tmp_path / kind).mkdir()
        Estimator(params, str(tmp_path / kind), {}).train(batches, 8)
        for features, _ in batches(params, None).take(8):
            lengths.add((kind, features["input_ids"].shape[1]))
    assert ("untrimmed", 32) in lengths and ("trimmed", 24) in lengths
    manifest, expected = losses(tmp_path / "trimmed"), losses(tmp_path / "untrimmed")
    np.testing.assert_allclose(manifest, expected, rtol=1e-5)


def test_float16_stays_near_float32(logged, tmp_path):
    made = {}
    for precision in (False, "float16"):
        params = logged(model={"mixed_precision": precision})
        made[precision] = train(params, tmp_path / str(precision), 4)
    expected, found = losses(tmp_path / "False"), losses(tmp_path / "float16")
    np.testing.assert_allclose(found, expected, rtol=5e-3)  # 11 bits of mantissa
    assert found != expected
    assert made["float16"]["current_loss_scale"] == 2**15
    assert made["float16"]["steps_since_rescale"] == 4
    assert made[False]["steps_since_rescale"] == 0  # float32 scales nothing


@pytest.mark.parametrize("parts", [1, 2])
def test_a_step_that_overflows_changes_no_weight_and_halves_the_scale(logged, tmp_path, parts):
    # Scaled by 2^40 every gradient is beyond float16's 65,504.
    options = {"initial_loss_scale": 2.0**40, "max_loss_scale": 2.0**40, "grad_accum_steps": parts}
    params = logged(model={"mixed_precision": "float16"}, optimizer=options)
    with pytest.raises(DivergedError, match="every step up to 3 had NaN or infinite gradients"):
        train(params, tmp_path, 3)
    found = weights(tmp_path)
    for name, values in modelzoo_weights(params.model).items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
        assert not found[name + "/AdamW"].any()
    assert found["current_loss_scale"] == 2.0**37
    assert (found["skipped_steps"], found["global_step"]) == (3, 3)


def test_skipped_steps_are_counted_until_training_stops(logged, tmp_path, capsys):
    """Once the scale can fall no further."""
    options = {"initial_loss_scale": 2.0**40, "max_loss_scale": 2.0**40, "min_loss_scale": 2.0**38}
    params = logged(model={"mixed_precision": "float16"}, optimizer=options,
                    runconfig={"max_skipped_steps": 3, "save_checkpoints_steps": 2})  # fmt: skip
    with pytest.raises(DivergedError) as error:
        train(params, tmp_path, 10)
    assert "at step 3 " in str(error.value) and "for 3 steps in a row" in str(error.value)
    assert "learning rate 1.00e-03 and loss scale 2.74878e+11" in str(error.value)  # 2^38
    assert "step 2: 1 of the last steps had NaN or infinite gradients" in capsys.readouterr().out
    assert files.steps(str(tmp_path)) == [2]


def test_a_scale_that_falls_may_skip_more_steps(logged, tmp_path):
    """As the Model Zoo, which never stops for them."""
    options = {"initial_loss_scale": 2.0**40, "max_loss_scale": 2.0**40}
    params = logged(model={"mixed_precision": "float16"}, optimizer=options,
                    runconfig={"max_skipped_steps": 3, "save_checkpoints_steps": 10})  # fmt: skip
    found = train(params, tmp_path, 30)
    assert 10 < found["skipped_steps"] < 28
    assert found["current_loss_scale"] == 2.0 ** (40 - found["skipped_steps"])
    before = modelzoo_weights(params.model)
    assert any(not np.array_equal(found[name], values) for name, values in before.items())
    assert files.steps(str(tmp_path)) == [10, 20, 30]


def test_a_number_is_a_fixed_scale(logged, tmp_path):
    params = logged(model={"mixed_precision": "float16"}, optimizer={"loss_scaling_factor": 128.0})
    found = train(params, tmp_path, 2)
    assert found["current_loss_scale"] == 2**15 and found["steps_since_rescale"] == 0
    assert found["skipped_steps"] == 0


def test_a_resumed_run_goes_on_with_its_scale(logged, tmp_path):
    # Doubled every second step, the scale soon overflows.
    options = {"initial_loss_scale": 2.0**14, "max_loss_scale": 2.0**40, "steps_per_increase": 2}
    params = logged(model={"mixed_precision": "float16"}, optimizer=options)
    whole = train(params, tmp_path / "whole", 24)
    assert 0 < whole["skipped_steps"] < 12 and whole["overflows_since_rescale"] == 0
    (tmp_path / "parts").mkdir()
    from train.gpu import state

    values = modelzoo_weights(params.model)
    for last in (11, 24):
        Estimator(params, str(tmp_path / "parts"), values).train(modelzoo_batches, last)
        path = newest(tmp_path / "parts")
        values = state.read_checkpoint(path, params.model, params.optimizer)
    for name in (*loss_scale.State._fields, "skipped_steps", "cls_layer/cls_dense/cls_dense/bias"):
        np.testing.assert_array_equal(values[name], whole[name], err_msg=name)


@pytest.mark.parametrize("kind", ["adam", "momentum", "sgd"])
def test_other_optimizers_train_and_resume(logged, tmp_path, kind):
    """SGD by hand: the first step subtracts rate x gradient, which golden/modelzoo holds."""
    params = logged(
        model={"num_hidden_layers": 2},  # as golden/modelzoo
        optimizer={"optimizer_type": kind, "learning_rate": tiny_rate()},
    )
    found = train(params, tmp_path, 1)
    expected = golden("modelzoo/expected.npz")
    name = "cls_layer/cls_dense/cls_dense/kernel"
    gradient, before = expected["grad/" + name], modelzoo_weights(params.model)[name]
    tolerance = 1e-5
    if kind == "adam":  # m / sqrt(v) is the sign; epsilon 1e-6 matters where the gradient is small
        epsilon = 1e-6 / np.sqrt(1 - 0.999)
        change = gradient / (np.abs(gradient) + epsilon)
        # There the derivative of `change` is large: rounding of 1e-8 in the gradient shows.
        tolerance += 0.1 * 1e-8 * epsilon / (np.abs(gradient) + epsilon) ** 2
        assert found["beta1_power"] == pytest.approx(0.9**2)
    else:
        change = gradient
    after = before - 0.1 * change
    assert np.all(np.abs(found[name] - after) <= tolerance + 1e-4 * np.abs(after))
    slots = {"adam": {"/Adam", "/Adam_1"}, "momentum": {"/SGDM"}, "sgd": set()}[kind]
    assert {other for other in found if other.startswith(name)} == {
        name,
        *(name + s for s in slots),
    }


def tiny_rate():
    from tests.train.conftest import constant

    return constant(0.1)


def test_memory_that_runs_out_is_answered_with_a_smaller_batch(train_demo, monkeypatch):
    real = classifier.logits

    def too_large(*arguments):
        million = tf.reduce_max(arguments[1]["input_ids"]) // 1000 + 10**6
        return real(*arguments) + tf.zeros([million, million, million])[0, 0, 0]

    monkeypatch.setattr(step.classifier, "logits", too_large)
    with pytest.raises(UserError) as error:
        train_demo()
    message = str(error.value)
    assert "out of memory with batch 8 x length 32: OOM when allocating tensor" in message
    assert "train_input.batch_size: 4 and optimizer.grad_accum_steps: 2, which keep" in message
    assert "the effective batch of 8" in message


@pytest.mark.parametrize(
    "error, expected",
    [
        (tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor"), True),
        (tf.errors.InternalError(None, None, "Failed to allocate 64 bytes"), True),
        (tf.errors.InternalError(None, None, "CUDA_ERROR_OUT_OF_MEMORY: out of memory"), True),
        (tf.errors.InternalError(None, None, "a BLAS operation without BLAS support"), True),
        (tf.errors.InternalError(None, None, "CUDA_ERROR_ILLEGAL_ADDRESS"), False),
    ],
)
def test_the_errors_of_memory_that_runs_out(error, expected):
    assert is_about_memory(error) == expected


@pytest.fixture
def train_demo(request, tmp_path):
    return functools.partial(request.getfixturevalue("train"), "train", tmp_path / "m")


def test_float16_keeps_softmax_norm_and_loss_in_float32(tiny):
    model = dataclasses.replace(tiny().model)
    expected = golden("modelzoo/expected.npz")
    weights = {name: tf.constant(value) for name, value in modelzoo_weights(model).items()}
    features = {name: tf.constant(expected[name]) for name in FEATURES}
    from train.model.layers import Layers

    scores = classifier.logits(weights, features, model, Layers(tf.float16))
    assert scores.dtype == tf.float32
    assert 0 < np.abs(scores.numpy() - expected["logits"]).max() < 5e-3
