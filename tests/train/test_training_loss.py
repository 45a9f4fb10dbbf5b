"""Class weights and label smoothing, against arithmetic done by hand."""

import math
import re

import numpy as np
import pytest
import sklearn.utils.class_weight
import tensorflow as tf
import yaml

from shared.config import OptimizerConfig
from shared.errors import UserError
from shared.manifest import Manifest, Split
from tests.train import runs
from tests.train.conftest import constant
from tests.train.golden import golden, modelzoo_batches, modelzoo_weights
from train.gpu.estimator import Estimator
from train.model import classifier, variables
from train.planning.training_loss import of_data

WEIGHTS = {"a": 0.5, "b": 2.0, "c": 4.0}
LABELS = np.array([0, 1, 2, 2], np.int32)
LOGITS = np.array([[0, 0, 0], [1, 2, 0.5], [3, -1, 0], [0, 0, 30]], np.float32)


def options(**settings):
    return OptimizerConfig(constant(0.1), **settings)


def losses_with(chosen):
    return lambda scores, labels: classifier.training_losses(scores, labels, chosen)


def shares(logits):
    powers = np.exp(logits.astype(np.float64))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("smoothing", [None, 0.0, 0.1, 0.6])
@pytest.mark.parametrize("is_compiled", [False, True])
def test_losses_and_gradients(weights, smoothing, is_compiled):
    """Of target q and probabilities p the loss is -w sum(q log p), its gradient w (p - q)."""
    chosen = options(class_weights=weights, label_smoothing=smoothing)
    scores = tf.constant(LOGITS)
    with tf.GradientTape() as tape:
        tape.watch(scores)
        losses = tf.function(losses_with(chosen), jit_compile=is_compiled)(
            scores, tf.constant(LABELS)
        )
    share = smoothing or 0.0
    target = (1 - share) * np.eye(3)[LABELS] + share / 3
    of_row = np.array([0.5, 2, 4, 4]) if weights else np.ones(4)
    p = shares(LOGITS)
    expected = -of_row * (target * np.log(p)).sum(axis=1)
    np.testing.assert_allclose(losses.numpy(), expected, rtol=1e-6, atol=1e-6)
    gradients = tape.gradient(losses, scores).numpy()
    np.testing.assert_allclose(gradients, of_row[:, None] * (p - target), atol=1e-6)


def test_smoothing_by_hand():
    """Of two classes with p = 3/4 and 1/4: 0.9 of the label and half of 0.2 for each class."""
    scores = tf.constant([[math.log(3), 0.0]])
    (loss,) = classifier.training_losses(scores, tf.constant([0]), options(label_smoothing=0.2))
    expected = 0.8 * math.log(4 / 3) + 0.1 * (math.log(4 / 3) + math.log(4))
    assert float(loss) == pytest.approx(expected, rel=1e-6)


def test_without_settings_the_graph_is_that_of_the_plain_loss():
    arguments = tf.TensorSpec([4, 3]), tf.TensorSpec([4], tf.int32)

    def operations(function):
        graph = tf.function(function).get_concrete_function(*arguments).graph
        return [(op.type, op.name) for op in graph.get_operations()]

    for chosen in (options(), options(label_smoothing=0.0)):
        found = operations(losses_with(chosen))
        assert found == operations(classifier.losses)


@pytest.mark.parametrize("parts", [1, 3])
def test_a_step_of_training(tiny, tmp_path, parts):
    """The output layer's bias moves by rate x mean(w (p - q)), in one part or several."""
    weights, smoothing = {"no": 0.5, "yes": 3.0}, 0.1
    optimizer = {"optimizer_type": "sgd", "learning_rate": constant(0.1), "grad_accum_steps": parts}
    params = tiny(
        optimizer={**optimizer, "class_weights": weights, "label_smoothing": smoothing},
        runconfig={"save_summary_steps": 1},
    )
    before = modelzoo_weights(params.model)
    estimator = Estimator(params, str(tmp_path), before)

    estimator.train(lambda *_: modelzoo_batches().unbatch().batch(6 // parts), 1)
    expected = golden("modelzoo/expected.npz")
    p, labels = shares(expected["logits"]), expected["labels"]
    target = 0.9 * np.eye(2)[labels] + 0.05
    of_row = np.array(list(weights.values()))[labels]
    (loss,) = runs.losses(tmp_path)
    assert loss == pytest.approx(-np.mean(of_row * (target * np.log(p)).sum(axis=1)), rel=1e-4)
    bias = variables.OUTPUT + "/bias"
    change = runs.weights(tmp_path)[bias] - before[bias]
    gradient = np.mean(of_row[:, None] * (p - target), axis=0)
    np.testing.assert_allclose(change, -0.1 * gradient, rtol=1e-4)


def test_an_evaluation_has_the_plain_loss(train, trained):
    found = []
    for weights in (None, {"negative": 9}):
        train("eval", trained, config={"optimizer": {"class_weights": weights}})
        found.append((trained / "eval_validation.json").read_text())
    assert found[0] == found[1]


@pytest.fixture
def manifest():
    """A function: label names, rows of each class in training -> a Manifest."""

    def make(label_names, *rows):
        counts = dict(zip(label_names or (), rows, strict=True))
        split = Split(sum(rows), (), {}, 0, 0.0, counts, 0, None)
        return Manifest("own", {}, ("t",), 8, None, label_names, {"train": split}, {})

    return make


def weights_of(tiny, settings, manifest):
    found = of_data(tiny(optimizer=settings), "p.yaml", manifest).optimizer.class_weights
    return found and list(found.items())


def test_balanced_weights_are_scikit_learns(tiny, manifest):
    rows = (700, 250, 50)
    labels = np.repeat(np.arange(3), rows)
    expected = sklearn.utils.class_weight.compute_class_weight(
        "balanced", classes=np.arange(3), y=labels
    )
    data = manifest(("b", "a", "c"), *rows)
    found = weights_of(tiny, {"class_weights": "balanced"}, data)
    assert [name for name, _ in found] == ["b", "a", "c"]
    assert [weight for _, weight in found] == pytest.approx(expected, rel=1e-15)
    assert np.dot(expected, rows) == pytest.approx(1000)  # a row weighs 1 on average


def test_given_weights_are_in_the_order_of_the_labels(tiny, manifest):
    data = manifest(("b", "a", "c"), 1, 1, 0)
    found = weights_of(tiny, {"class_weights": {"c": 3.0, "b": 2.0}}, data)
    assert found == [("b", 2.0), ("a", 1.0), ("c", 3.0)]
    assert weights_of(tiny, {"label_smoothing": 0.1}, data) is None


@pytest.mark.parametrize(
    "settings, classes, message",
    [
        ({"class_weights": {"urgnt": 2.0}}, ("urgent", "other"), "p.yaml: optimizer.class_weights: "
         "unknown class 'urgnt': did you mean 'urgent'? Known: other, urgent"),
        ({"class_weights": "balanced"}, ("urgent", "other", "none"), "p.yaml: "
         "optimizer.class_weights is balanced, but no training row is of none; give weights, "
         "{class: number}, instead"),
        ({"class_weights": "balanced", "label_smoothing": 0.1}, None, "p.yaml: "
         "optimizer.class_weights and label_smoothing: for classes, but own has scores; remove "
         "them"),
        ({"label_smoothing": 0.1}, None, "p.yaml: optimizer.label_smoothing: for classes, but own "
         "has scores; remove it"),
    ],
)  # fmt: skip
def test_settings_that_the_data_do_not_have(tiny, manifest, settings, classes, message):
    data = manifest(classes, *(5, 5, 0)[: len(classes or ())])
    with pytest.raises(UserError, match=re.escape(message)):
        weights_of(tiny, settings, data)


@pytest.mark.parametrize(
    "settings, message",
    [
        ("class_weights: auto", "class_weights: expected balanced, or weights such as {urgent: 5, "
         "other: 1}, found auto"),
        ("class_weights: {}", "class_weights: expected balanced, or weights such as "),
        ("class_weights: {yes: 2}", "class_weights: a class is True, as YAML reads it; put the "
         "class's name in quotes: {'yes': 2}"),
        ("class_weights: {positive: 0}", "class_weights: positive: expected a number above 0, "
         "found 0"),
        ("label_smoothing: 1", "label_smoothing: expected a number of at least 0 and below 1, "
         "found 1"),
    ],
)  # fmt: skip
def test_mistakes(train, tmp_path, settings, message):
    config = {"optimizer": yaml.safe_load(settings)}
    with pytest.raises(UserError, match=re.escape("optimizer." + message)):
        train("train", tmp_path / "m", config=config)
    assert not (tmp_path / "m").exists()


def test_a_training_keeps_its_weights_and_goes_on_with_them(train, tmp_path, capsys, demo_data):
    """Given on the command line; params.yaml has the numbers."""
    folder = tmp_path / "m"
    balanced = ("--set", "optimizer.class_weights=Balanced")
    train("train", folder, *balanced)
    out = capsys.readouterr().out
    content = yaml.safe_load((folder / "params.yaml").read_text())
    counts = yaml.safe_load((demo_data / "manifest.json").read_text())["splits"]["train"][
        "label_counts"
    ]
    expected = {name: 4000 / (2 * rows) for name, rows in counts.items()}
    assert content["optimizer"]["class_weights"] == pytest.approx(expected)
    shown = ", ".join(f"{name} {expected[name]:.3g}" for name in ("negative", "positive"))
    assert f"loss: cross entropy, class weights {shown}\n" in out
    train("train", folder, *balanced, "--max_steps", 13)
    out = capsys.readouterr().out
    assert "resuming from" in out and "settings changed" not in out
    given = '{"positive":2, "negative":2}'
    train("train", folder, "--set", f"optimizer.class_weights={given}", "--max_steps", 14)
    changed = "settings changed since the last checkpoint: optimizer.class_weights.negative: "
    assert changed in capsys.readouterr().out
