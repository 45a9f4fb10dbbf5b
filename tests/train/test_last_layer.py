"""The last layer gives the first token's answer by other products than the Model Zoo's layer."""

import numpy as np
import tensorflow as tf

from shared.config import ModelConfig
from train.model import classifier, variables
from train.model.layers import Layers

MODEL = ModelConfig(
    vocab_size=50, hidden_size=32, num_heads=2, num_hidden_layers=2, filter_size=64,
    max_position_embeddings=16, num_cls_classes=3, dropout_rate=0.5, attention_dropout_rate=0.5,
    cls_dropout_rate=0.5, layer_norm_epsilon=1e-12, encoder_nonlinearity="gelu",
)  # fmt: skip


class AllAsk(Layers):
    """The last layer is like the others."""

    def query_tokens(self, hidden):
        return hidden


def every_third_falls_out(x, rate):
    """Dropout that is the same for the first token whether or not others ask: 0, 2, 3, 0, 2, ..."""
    assert rate == 0.5
    return x * tf.cast(tf.constant([0.0, 2.0, 3.0] * 22)[: x.shape[-1]], x.dtype)


def logits_and_gradients(layers):
    random = np.random.RandomState(1)
    weights = {
        spec.name: tf.constant(random.normal(scale=0.3, size=spec.shape).astype(np.float32))
        for spec in variables.table(MODEL)
    }
    ids = random.randint(1, 50, [4, 9]).astype(np.int32)
    mask = (np.arange(9) >= np.array([[9], [7], [3], [1]])).astype(np.int32)
    features = {"input_ids": ids, "input_mask": mask, "segment_ids": ids % 2}
    with tf.GradientTape() as tape:
        tape.watch(weights)
        logits = classifier.logits(weights, features, MODEL, layers)
    return logits, {k: tf.convert_to_tensor(v) for k, v in tape.gradient(logits, weights).items()}


def test_the_answers_and_gradients_are_those_of_a_layer_in_which_all_ask():
    expected, expected_gradients = logits_and_gradients(AllAsk(tf.float32, every_third_falls_out))
    found, gradients = logits_and_gradients(Layers(tf.float32, every_third_falls_out))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    largest = max(np.abs(gradient).max() for gradient in expected_gradients.values())
    for name, gradient in expected_gradients.items():
        np.testing.assert_allclose(gradients[name], gradient, atol=1e-6 * largest, err_msg=name)


def test_in_bfloat16_they_are_as_near_to_float32_as_those():
    exact, _ = logits_and_gradients(AllAsk(tf.float32, every_third_falls_out))
    errors = [
        np.abs(logits_and_gradients(kind(tf.bfloat16, every_third_falls_out))[0] - exact).max()
        for kind in (Layers, AllAsk)
    ]
    assert errors[0] < 2 * errors[1]
