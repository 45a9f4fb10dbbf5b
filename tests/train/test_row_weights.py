"""Weights of training rows in the trainer, against arithmetic done by hand."""

import math

import numpy as np
import pytest
import tensorflow as tf

from shared.config import OptimizerConfig
from shared.errors import UserError
from shared.manifest_file import read_manifest
from tests import weighted
from tests.train import runs
from tests.train.conftest import constant
from tests.train.golden import FEATURES, golden, modelzoo_weights
from train.data import input_fn
from train.gpu.estimator import Estimator
from train.model import classifier, variables
from train.model.layers import Layers
from train.wse import rules

TRUST = np.array([row["trust"] for row in weighted.rows(96, 1)], np.float32)
GOLDEN_WEIGHTS = np.array([1, 3, 0, 0.5, 2, 1], np.float32)
BIAS = variables.OUTPUT + "/bias"


def weighted_losses(scores, labels, weights, **options):
    """(losses, their gradients by the scores)."""
    scores = tf.constant(scores, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(scores)
        losses = classifier.training_losses(
            scores, tf.constant(labels), OptimizerConfig((), **options), tf.constant(weights)
        )
    return losses.numpy(), tape.gradient(losses, scores).numpy()


def test_two_rows_of_weights_1_and_3():
    """Probabilities 3/4 and 1/2 of the labels: losses log(4/3) and 3 log 2, gradients p - q."""
    scores = [[math.log(3), 0], [0, 0]]
    losses, gradients = weighted_losses(scores, [0, 1], [1.0, 3.0])
    np.testing.assert_allclose(losses, [math.log(4 / 3), 3 * math.log(2)], rtol=1e-6)
    np.testing.assert_allclose(gradients, [[-0.25, 0.25], [1.5, -1.5]], rtol=1e-6)


def test_weights_of_rows_and_of_classes_are_multiplied_and_smoothing_comes_first():
    """The smoothed loss of p = 3/4 and 1/4 with 0.2: 0.9 log(4/3) + 0.1 log 4."""
    settings = {"class_weights": {"no": 5.0, "yes": 1.0}, "label_smoothing": 0.2}
    losses, _ = weighted_losses([[math.log(3), 0]], [0], [0.5], **settings)
    smoothed = 0.9 * math.log(4 / 3) + 0.1 * math.log(4)
    np.testing.assert_allclose(losses, [0.5 * 5 * smoothed], rtol=1e-6)


def test_scores_and_several_labels_are_weighted_too():
    losses, gradients = weighted_losses([[2], [3]], [1.0, 1.0], [0.5, 3.0])
    np.testing.assert_allclose(losses, [0.5, 12])
    np.testing.assert_allclose(gradients, [[1], [12]])
    losses, _ = weighted_losses([[0, 0]], [[1, 0]], [3.0])
    np.testing.assert_allclose(losses, [3 * math.log(2)], rtol=1e-6)


def golden_rows(rows, weights=None):
    """(features, labels) of the golden batch's rows of these numbers."""
    found = golden("modelzoo/expected.npz")
    features = {name: tf.constant(found[name][rows]) for name in FEATURES}
    if weights is not None:
        features["weights"] = tf.constant(weights, tf.float32)
    return features, tf.constant(found["labels"][rows])


def after_steps(params, folder, values, batch, steps=1):
    """What steps that all take this batch leave."""
    folder.mkdir()
    dataset = tf.data.Dataset.from_tensors(batch).repeat()
    Estimator(params, str(folder), values).train(lambda *_: dataset, steps)
    return runs.weights(folder)


def test_a_step_of_training(tiny, tmp_path):
    """Its loss is sum(w c loss) / rows, and the output layer's bias moves by
    -rate sum(w c (p - q)) / rows."""
    params = tiny(
        optimizer={
            "optimizer_type": "sgd",
            "learning_rate": constant(0.1),
            "class_weights": {"no": 0.5, "yes": 3.0},
        },
        runconfig={"save_summary_steps": 1},
    )
    before = modelzoo_weights(params.model)
    batch = golden_rows(range(6), GOLDEN_WEIGHTS)
    change = after_steps(params, tmp_path / "m", before, batch)[BIAS] - before[BIAS]
    expected = golden("modelzoo/expected.npz")
    powers, labels = np.exp(expected["logits"].astype(np.float64)), expected["labels"]
    p = powers / powers.sum(axis=1, keepdims=True)
    of_row = GOLDEN_WEIGHTS * np.array([0.5, 3.0])[labels]
    (loss,) = runs.losses(tmp_path / "m")
    assert loss == pytest.approx(np.sum(-of_row * np.log(p[range(6), labels])) / 6, rel=1e-4)
    gradient = np.sum(of_row[:, None] * (p - np.eye(2)[labels]), axis=0) / 6
    np.testing.assert_allclose(change, -0.1 * gradient, rtol=1e-4)


def test_weights_of_1_change_no_bit(tiny, tmp_path):
    params = tiny(model={"num_hidden_layers": 1}, optimizer={"max_gradient_norm": 0.1})
    states = [
        after_steps(params, tmp_path / name, {}, golden_rows(range(6), weights), steps=3)
        for name, weights in (("with", np.ones(6)), ("without", None))
    ]
    runs.assert_same_weights(*states)


def test_a_row_of_weight_2_adds_what_the_row_twice_adds(tiny):
    """To the sum that is divided by the number of rows: a row of weight 0 makes up for that."""
    model = tiny().model

    def gradients(rows, weights):
        weighted_rows, labels = golden_rows(rows, weights)
        values = {name: tf.constant(of) for name, of in modelzoo_weights(model).items()}
        with tf.GradientTape() as tape:
            tape.watch(values)
            scores = classifier.logits(values, weighted_rows, model, Layers(tf.float32))
            losses = classifier.training_losses(
                scores, labels, OptimizerConfig(()), weighted_rows["weights"]
            )
            loss = tf.reduce_mean(losses)
        found = tape.gradient(loss, values)
        return {name: tf.convert_to_tensor(of).numpy() for name, of in found.items()}

    twice = gradients([0, 1, 1], [1, 1, 1])
    filled, shorter = gradients([0, 1, 2], [1, 2, 0]), gradients([0, 1], [1, 2])
    for name, expected in twice.items():
        near = {"rtol": 1e-3, "atol": 1e-6, "err_msg": name}
        np.testing.assert_allclose(filled[name], expected, **near)
        np.testing.assert_allclose(shorter[name], expected * 3 / 2, **near)


@pytest.mark.parametrize("limit", [1, 1e-9])  # in memory, streamed
def test_each_row_of_a_batch_has_its_own(tiny, weighted_data, limit):
    inputs = {"data_dir": str(weighted_data), "batch_size": 10, "memory_limit_gb": limit}
    manifest = read_manifest(str(weighted_data))
    params = tiny(train_input={**inputs, "shuffle": False})
    batches = input_fn.train_input_fn(params, manifest=manifest)
    for first, (features, _) in zip(range(0, 90, 10), batches, strict=False):
        weights = features["weights"].numpy()
        np.testing.assert_array_equal(weights, TRUST[first : first + 10])
    scored = input_fn.eval_input_fn(
        params, options=params.train_input, split="train", manifest=manifest
    )
    counted = [(features["weights"].numpy() == 1).sum() for features, _ in scored]
    assert counted == [10] * 9 + [6]  # as in any evaluation


def test_both_ways_of_reading_are_the_same_steps_and_so_is_a_resumed_run(
    tmp_path, train, weighted_data, capsys
):
    states = []
    for name, limit in (("held", 1), ("streamed", 1e-9)):
        inputs = {"shuffle": False, "memory_limit_gb": limit}
        for last in (5, 12) if limit < 1 else (12,):
            more = ("--max_steps", last)
            train(
                "train", tmp_path / name, *more, config={"train_input": inputs}, data=weighted_data
            )
        states.append(runs.weights(tmp_path / name, 12))
    runs.assert_same_weights(*states)
    out = capsys.readouterr().out
    mean = TRUST.astype(np.float64).mean()
    line = f"examples: 96, 2 classes, up to 8 tokens, weights from 0 to 3, {mean:.4g} on average\n"
    assert line in out


def test_compile_builds_the_weighted_step(tmp_path, train, weighted_data, capsys):
    train("train", tmp_path / "m", "--validate_only", data=weighted_data)
    assert "checked: train step" in capsys.readouterr().out


def own_batches(params):
    """An input function of one's own: the same batch again and again, each row of one weight."""
    ids = tf.ones([8, 4], tf.int32)
    features = {"input_ids": ids, "input_mask": 0 * ids, "segment_ids": 0 * ids}
    features["weights"] = tf.fill([8], float(params["train_input"]["mark"]))
    return tf.data.Dataset.from_tensors((features, tf.ones([8], tf.int32))).repeat()


def test_an_input_function_may_give_them(tmp_path, train, weighted_data, capsys):
    own = {"input_fn": f"{__name__}.own_batches", "mark": 0}
    changes = {"train_input": own, "runconfig": {"save_summary_steps": 1}}
    train("train", tmp_path / "m", "--max_steps", 1, config=changes, data=weighted_data)
    assert runs.losses(tmp_path / "m") == [0.0]
    assert "up to 8 tokens\n" in capsys.readouterr().out  # the dataset's weights are not used
    own["mark"] = -1
    with pytest.raises(UserError, match="breaks the rule: weights finite and not below 0$"):
        train("train", tmp_path / "n", "--max_steps", 1, config=changes, data=weighted_data)


def test_wse_does_not_train_on_them(weighted_data):
    manifest = read_manifest(str(weighted_data))
    rules.check_data(str(weighted_data), manifest, is_scored=True)
    with pytest.raises(UserError, match="has rows with weights, .* with BACKEND=gpu or cpu, or"):
        rules.check_data(str(weighted_data), manifest)
