"""The same numbers as the Cerebras Model Zoo and as Hugging Face's transformers."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from shared.config import Schedule
from tests.inputs import GOLDEN
from tests.train.golden import FEATURES, golden, modelzoo_batches, modelzoo_weights
from tests.train.runs import logged, newest
from train.checkpoints import tensors
from train.gpu.estimator import Estimator
from train.model import bert, classifier, variables
from train.model.layers import Layers
from train.pretrained import fit, huggingface


@pytest.fixture
def modelzoo(tiny):
    """The run of facts/cerebras.md, section 11: no dropout, linear 0 -> 0.01, then constant."""
    ramp = {"initial_learning_rate": 0.0, "end_learning_rate": 0.01, "steps": 2}
    rates = (Schedule("Linear", ramp), Schedule("Constant", {"learning_rate": 0.01}))
    options = {"learning_rate": rates, "weight_decay_rate": 0.01, "max_gradient_norm": 1.0}
    return tiny(train_input={"batch_size": 6}, optimizer=options,
                runconfig={"save_summary_steps": 1})  # fmt: skip


def four_steps(params, model_dir, use_xla):
    """Takes the four golden steps; the last one writes a checkpoint."""
    run = dataclasses.replace(params.runconfig, xla=use_xla)
    params = dataclasses.replace(params, runconfig=run)
    estimator = Estimator(params, str(model_dir), modelzoo_weights(params.model))
    estimator.train(modelzoo_batches, max_steps=4)


def test_modelzoo_logits_loss_and_gradients(modelzoo, assert_close):
    expected = golden("modelzoo/expected.npz")
    weights = {k: tf.Variable(v) for k, v in modelzoo_weights(modelzoo.model).items()}
    features = {name: tf.constant(expected[name]) for name in FEATURES}
    with tf.GradientTape() as tape:
        logits = classifier.logits(weights, features, modelzoo.model, Layers(tf.float32))
        loss = tf.reduce_mean(classifier.losses(logits, tf.constant(expected["labels"])))
    assert_close(logits.numpy(), expected["logits"], "logits")
    assert_close(loss.numpy(), expected["loss"], "loss")
    gradients = tape.gradient(loss, weights)
    assert {"grad/" + name for name in gradients} == {k for k in expected if k.startswith("grad/")}
    for name, gradient in gradients.items():
        assert_close(tf.convert_to_tensor(gradient).numpy(), expected["grad/" + name], name)


@pytest.mark.parametrize("use_xla", [False, pytest.param(True, marks=pytest.mark.long)])
def test_modelzoo_four_steps_of_adamw(modelzoo, tmp_path, assert_close, use_xla):
    four_steps(modelzoo, tmp_path, use_xla)
    expected = golden("modelzoo/train4.npz")
    losses = expected.pop("losses")
    written = tensors.read(newest(tmp_path), expected)
    for name, values in expected.items():
        assert_close(written[name], values, name)
    assert_close(np.array(logged(tmp_path, "train/loss")), losses, "losses")
    assert logged(tmp_path, "train/learning_rate") == pytest.approx([0.0, 0.005, 0.01, 0.01])
    assert len(logged(tmp_path, "train/unclipped_grad_norm")) == 4


def test_a_checkpoint_holds_what_tf_estimator_expects(modelzoo, tmp_path):
    four_steps(modelzoo, tmp_path, use_xla=False)
    reader = tf.train.load_checkpoint(newest(tmp_path))
    found = reader.get_variable_to_shape_map()
    assert reader.get_tensor("global_step") == 4
    assert reader.get_tensor("current_loss_scale") == 2**15
    weights = [name for name in golden("modelzoo/train4.npz") if name != "losses"]
    assert set(found) == {
        *weights,
        *(f"{name}/AdamW" for name in weights),
        *(f"{name}/AdamW_1" for name in weights),
        *("global_step", "current_loss_scale", "good_steps"),
        *("steps_since_rescale", "overflows_since_rescale", "skipped_steps"),
    }
    kernel = "cls_layer/cls_dense/cls_dense/kernel"
    assert found[kernel] == found[kernel + "/AdamW"] == [32, 32]
    assert np.abs(reader.get_tensor(kernel + "/AdamW_1")).max() > 0


@pytest.fixture
def hugging_face(tiny):
    """(model, weights) of golden/hf/classifier, output layer included."""
    read = huggingface.read(str(GOLDEN / "hf" / "classifier"))
    model = dataclasses.replace(
        tiny().model,
        num_cls_classes=3,
        encoder_nonlinearity=read.encoder_nonlinearity,
        layer_norm_epsilon=read.layer_norm_epsilon,
    )
    assert set(read.weights) == {spec.name for spec in variables.table(model)}
    return model, read.weights


def test_hugging_face_logits_loss_and_pooled_output(hugging_face):
    model, weights = hugging_face
    expected = golden("hf/expected.npz")
    features = {name: tf.constant(expected[name]) for name in FEATURES}
    hidden = bert.encode(weights, features, model, Layers(tf.float32))
    pooled = classifier.pool(weights, hidden, Layers(tf.float32))
    logits = classifier.logits(weights, features, model, Layers(tf.float32))
    loss = tf.reduce_mean(classifier.losses(logits, tf.constant(expected["labels"])))
    for found, name in ((pooled, "pooled"), (logits, "logits"), (loss, "loss")):
        assert np.abs(found.numpy() - expected[name]).max() <= 1e-5, name


def test_bfloat16_stays_near_float32(hugging_face):
    model, weights = hugging_face
    expected = golden("hf/expected.npz")
    features = {name: tf.constant(expected[name]) for name in FEATURES}
    logits = classifier.logits(weights, features, model, Layers(tf.bfloat16))
    assert logits.dtype == tf.float32
    # 8 bits of mantissa: 0.4 % a product; the logits are of size 1.
    assert 0 < np.abs(logits.numpy() - expected["logits"]).max() < 0.03


@pytest.mark.parametrize("folder", ["pretrained", "pretrained_gamma_beta"])
def test_a_pretrained_checkpoint_gives_all_but_the_output_layer(tiny, folder):
    read = huggingface.read(str(GOLDEN / "hf" / folder))
    assert read.encoder_nonlinearity == "gelu_erf" and read.layer_norm_epsilon == 1e-12
    weights, new = fit.initial_weights(tiny().model, read)
    assert new == [variables.OUTPUT + "/kernel", variables.OUTPUT + "/bias"]
    # The same pretraining weights in Google's own format and names are the independent source.
    google = tf.train.load_checkpoint(str(GOLDEN / "hf" / "google_tf1" / "bert_model.ckpt"))
    pairs = {
        variables.WORD_EMBEDDINGS: "bert/embeddings/word_embeddings",
        variables.EMBEDDING_NORM + "/gamma": "bert/embeddings/LayerNorm/gamma",
        variables.projection(1, "k_projection") + "/kernel":
            "bert/encoder/layer_1/attention/self/key/kernel",
        variables.ffn_in(1) + "/kernel": "bert/encoder/layer_1/intermediate/dense/kernel",
        variables.ffn_norm(0) + "/beta": "bert/encoder/layer_0/output/LayerNorm/beta",
        variables.POOLER + "/kernel": "bert/pooler/dense/kernel",
        variables.POOLER + "/bias": "bert/pooler/dense/bias",
    }  # fmt: skip
    for ours, theirs in pairs.items():
        np.testing.assert_array_equal(weights[ours], google.get_tensor(theirs))


def test_without_next_sentence_prediction_the_pooler_is_new_too(tiny):
    read = huggingface.read(str(GOLDEN / "hf" / "pretrained"))
    weights, new = fit.initial_weights(tiny(model={"disable_nsp": True}).model, read)
    assert variables.POOLER + "/kernel" in new and variables.POOLER + "/kernel" not in weights
    assert len(new) == 4
