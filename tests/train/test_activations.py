"""Models with an activation besides gelu."""

import numpy as np
import pytest
import tensorflow as tf

from inference.export import onnx_graph
from shared.errors import UserError
from train import convert
from train.checkpoints import model_dir
from train.model import bert, initial_weights, variables
from train.model.layers import Layers

RELU = {"model": {"encoder_nonlinearity": "relu"}}


def test_a_model_with_relu_trains_and_stays_one(train, tmp_path):
    train("train", tmp_path / "m", "--max_steps", 2, config=RELU)
    assert model_dir.read_params(str(tmp_path / "m"))["model"]["encoder_nonlinearity"] == "relu"
    train("eval", tmp_path / "m", config=RELU)
    with pytest.raises(UserError, match="encoder_nonlinearity: trained with relu, the config"):
        train("train", tmp_path / "m", config={"model": {"encoder_nonlinearity": "tanh"}})
    with pytest.raises(UserError, match="encoder_nonlinearity relu; Hugging Face .* of gelu and"):
        convert.main([str(tmp_path / "m"), str(tmp_path / "hf")])
    assert not (tmp_path / "hf").exists()


def test_it_is_the_feed_forward_blocks(tiny):
    """Of an ingoing kernel of 0, exp(0) = 1 meets the outgoing one: the sums of its columns."""
    model = tiny(model={"encoder_nonlinearity": "exponential", "num_hidden_layers": 1}).model
    weights = initial_weights.create(model, 1, {}, make=lambda value, name: tf.constant(value))
    name = variables.ffn_in(0) + "/kernel"
    weights[name] = tf.zeros_like(weights[name])
    x = tf.random.stateless_normal([1, 3, 32], seed=[1, 2])
    found = bert._feed_forward(weights, x, 0, model, Layers(tf.float32))
    expected = tf.reduce_sum(weights[variables.ffn_out(0) + "/kernel"], axis=0)
    np.testing.assert_allclose(found[0, 1], expected, atol=1e-6)


def test_onnx_has_no_such_model(tiny):
    with pytest.raises(UserError, match="encoder_nonlinearity relu, but FORMAT=onnx only gelu and"):
        onnx_graph.build({}, tiny(model=RELU["model"]).model)
