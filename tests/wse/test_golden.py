"""The wse backend computes what the Model Zoo computes (facts: golden/modelzoo)."""

import math

import numpy as np
import pytest
import tensorflow as tf

from shared import config
from tests.wse import runs
from tests.wse.conftest import GOLDEN
from train.checkpoints import tensors
from train.model import variables
from train.wse import estimator as wse
from train.wse import metrics as stream_metrics
from train.wse import model_fn
from train.wse.layers import WseLayers

FEATURES = ("input_ids", "input_mask", "segment_ids")
LENGTH = 24
DROPOUT = {"dropout_rate": 0.5, "attention_dropout_rate": 0.5, "cls_dropout_rate": 0.5}


@pytest.fixture(scope="module")
def expected():
    return dict(np.load(str(GOLDEN / "modelzoo" / "expected.npz")))


@pytest.fixture(scope="module")
def batches(expected):
    """An input function: the golden batch again and again."""

    def input_fn():
        features = {name: expected[name].astype(np.int32) for name in FEATURES}
        labels = expected["labels"].astype(np.int32)
        return tf.data.Dataset.from_tensors((features, labels)).repeat()

    return input_fn


@pytest.fixture(scope="module")
def begin(tmp_path_factory):
    """A function: makes a model_dir with the golden weights at step 0, fresh slots; its path."""

    def make(params):
        names = [spec.name for spec in variables.table(params.model)]
        found = tensors.read(str(GOLDEN / "modelzoo" / "classifier.ckpt"), names)
        state = {"global_step": np.int64(0), "current_loss_scale": np.float32(2.0**15)}
        for name in ("good_steps", "steps_since_rescale", "overflows_since_rescale"):
            state[name] = np.int64(0)
        for name in names:
            for slot in ("AdamW", "AdamW_1"):
                state[f"{name}/{slot}"] = np.zeros_like(found[name])
        folder = tmp_path_factory.mktemp("m")
        tensors.save(str(folder), 0, {**found, **state}, keep=0)
        return folder

    return make


@pytest.fixture(scope="module")
def four_steps(begin, batches):
    """The model_dir of four steps in float32; for reading only."""
    params = runs.modelzoo_config()
    folder = begin(params)
    wse.Estimator(params, str(folder), LENGTH).train(batches, 4)
    return folder


def test_four_steps_are_the_model_zoos(golden, four_steps):
    expected = dict(np.load(str(golden / "modelzoo" / "train4.npz")))
    losses = runs.logged(four_steps, "train/cost_cls")
    np.testing.assert_allclose(list(losses.values()), expected.pop("losses"), rtol=1e-4)
    found = runs.weights(four_steps, step=4)
    for name, values in expected.items():
        difference, largest = np.abs(found[name] - values).max(), np.abs(values).max()
        # The gradients of the keys' biases are noise around zero.
        assert difference <= (1e-2 if "k_projection/bias" in name else 1e-4) * largest, name


def test_float16_with_a_dynamic_loss_scale_stays_near(golden, begin, batches):
    params = runs.modelzoo_config(
        model={"mixed_precision": "float16"}, optimizer={"steps_per_increase": 3}
    )
    folder = begin(params)
    wse.Estimator(params, str(folder), LENGTH).train(batches, 4)
    expected = np.load(str(golden / "modelzoo" / "train4.npz"))["losses"]
    losses = list(runs.logged(folder, "train/cost_cls").values())
    # Then Adam's first steps of full size have made the noise of small gradients large.
    np.testing.assert_allclose(losses[:3], expected[:3], rtol=1e-3)
    assert losses == np.float16(losses).tolist()  # rounded as the Model Zoo's
    found = runs.weights(folder, step=4)
    # Doubled after 3 steps, up to max_loss_scale, where it was; then one step more.
    assert found["current_loss_scale"] == 2.0**15 and found["steps_since_rescale"] == 1
    assert set(found) == set(runs.weights(folder, step=0))


@pytest.fixture(scope="module")
def overflowing(begin, batches):
    """(session, spec of the training graph, {variable: value}) of one layer with dropout, where the
    loss scale makes every step overflow."""
    params = runs.modelzoo_config(
        model={"mixed_precision": "float16", "num_hidden_layers": 1, **DROPOUT},
        optimizer={"initial_loss_scale": 2.0**60, "max_loss_scale": 2.0**60},
    )
    folder = begin(params)
    state = {**runs.weights(folder), "current_loss_scale": np.float32(2.0**60)}
    tensors.save(str(folder), 0, state, keep=0)
    with tf.Graph().as_default():
        features, labels = tf.compat.v1.data.make_one_shot_iterator(batches()).get_next()
        spec = model_fn.make(params, WseLayers, lambda **fields: fields)(
            features, labels, model_fn.ModeKeys.TRAIN, config.dump(params)
        )
        saver = tf.compat.v1.train.Saver()
        with tf.compat.v1.Session() as session:
            saver.restore(session, str(folder / "model.ckpt-0"))
            yield session, spec, state


def test_a_step_that_overflows_changes_no_weight_and_is_not_counted(overflowing):
    session, spec, state = overflowing
    session.run(spec["train_op"])
    found = {v.op.name: session.run(v) for v in tf.compat.v1.global_variables()}
    assert found.pop("current_loss_scale") == 2.0**59
    for name, value in found.items():
        np.testing.assert_array_equal(value, state[name], err_msg=name)


def test_dropout_is_on_in_training(overflowing):
    """The losses of a batch differ though no weight does."""
    session, spec, _ = overflowing
    first, second = (session.run(spec["loss"]) for _ in range(2))
    assert abs(first - second) > 1e-3


def test_logits_are_the_model_zoos(expected, four_steps, batches):
    estimator = wse.Estimator(runs.modelzoo_config(), str(four_steps), LENGTH)
    rows = list(estimator.predict(batches, str(four_steps / "model.ckpt-0"), 6))
    np.testing.assert_allclose(np.stack(rows), expected["logits"], atol=1e-5)


def test_metrics_of_an_evaluation(expected, four_steps, batches):
    """Of the golden logits, by hand; without the dropout that a training would have."""
    params = runs.modelzoo_config(model=DROPOUT)
    found = wse.Estimator(params, str(four_steps), LENGTH).evaluate(
        batches, 2, str(four_steps / "model.ckpt-0"), "golden"
    )
    answers, labels = expected["logits"].argmax(axis=1), expected["labels"]
    tp, tn = ((answers == n) & (labels == n) for n in (1, 0))
    tp, tn, ones, right = tp.sum(), tn.sum(), (answers == 1).sum(), (labels == 1).sum()
    fp, fn = ones - tp, right - tp
    size = math.sqrt(ones * right * (tn + fp) * (tn + fn))
    assert found["eval/accuracy_cls"] == pytest.approx((tp + tn) / 6)
    assert found["eval/f1_score"] == pytest.approx(2 * tp / (2 * tp + fp + fn))
    assert found["eval/mcc"] == pytest.approx((tp * tn - fp * fn) / size if size else 0.0)
    assert found["loss"] == pytest.approx(float(expected["loss"]), rel=1e-5)


def test_correlation_and_f1_of_two_batches():
    """TN 3, FP 1, FN 2, TP 4: F1 is 8 / 11, the correlation (12 - 2) / sqrt(5 6 4 5)."""
    answers = np.array([[0, 0, 0, 1, 0], [0, 1, 1, 1, 1]])
    labels = np.array([[0, 0, 0, 0, 1], [1, 1, 1, 1, 1]], np.int32)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        scores = tf.compat.v1.placeholder(tf.float32, [5, 2])
        given = tf.compat.v1.placeholder(tf.int32, [5])
        metrics = stream_metrics.of_batches(scores, given)
        session.run(tf.compat.v1.local_variables_initializer())
        for answer, label in zip(answers, labels):
            updates = {name: update for name, (_, update) in metrics.items()}
            session.run(updates, {scores: np.eye(2)[answer], given: label})
        found = session.run({name: value for name, (value, _) in metrics.items()})
    assert found["eval/accuracy_cls"] == pytest.approx(7 / 10)
    assert found["eval/f1_score"] == pytest.approx(8 / 11)
    assert found["eval/mcc"] == pytest.approx(10 / math.sqrt(600))


def test_a_fixed_loss_scale_is_undone(four_steps, begin, batches):
    params = runs.modelzoo_config(
        model={"mixed_precision": "float16"}, optimizer={"loss_scaling_factor": 128.0}
    )
    folder = begin(params)
    wse.Estimator(params, str(folder), LENGTH).train(batches, 1)
    norm, in_float32 = (
        runs.logged(of, "train/unclipped_grad_norm")[1] for of in (folder, four_steps)
    )
    assert norm == pytest.approx(in_float32, rel=1e-2)


def test_three_classes_have_no_f1(tmp_path):
    params = runs.modelzoo_config(model={"num_cls_classes": 3})
    with tf.Graph().as_default():
        features = {name: tf.zeros([2, 8], tf.int32) for name in FEATURES}
        spec = model_fn.make(params, WseLayers, lambda **fields: fields)(
            features, tf.zeros([2], tf.int32), model_fn.ModeKeys.EVAL, config.dump(params)
        )
        metrics, arguments = spec["host_call"]
        assert set(metrics(*arguments)) == {"eval/accuracy_cls"}
