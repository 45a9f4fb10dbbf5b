"""The BERT encoder (Devlin et al. 2018): pure functions of a dict of weights.

Letters in shapes: B batch, S sequence length, H hidden_size, N heads, D = H / N.
"""

import math

import tensorflow as tf

from shared import records
from shared.config import ModelConfig
from train import variables

# Added to the attention scores of padding; exp(-1e4) is 0 in float32 after the softmax.
MASKED_SCORE = -1e4


def encode(weights, features, model: ModelConfig, dropout, dtype):
    """Token ids to hidden states.

    Args:
      weights: {name: float32 variable or tensor}, the names of train/variables.py.
      features: {"input_ids", "input_mask" (1 = padding), "segment_ids"}, int32 [B, S] each.
      model: sizes and rates, all set.
      dropout: function (x, rate) -> x of the same shape; the identity outside training.
      dtype: of the matrix products; layer norm and softmax are float32 in any case.
    Returns:
      The last layer's output, `dtype` [B, S, H].
    """
    hidden = _embed(weights, features, model, dropout, dtype)
    mask = _mask_scores(features["input_mask"])
    for layer in range(model.num_hidden_layers):
        attended = _attend(weights, hidden, mask, layer, model, dropout)
        attended = dropout(attended, model.dropout_rate)
        norm = variables.attention_norm(layer)
        hidden = layer_norm(weights, norm, hidden + attended, model.layer_norm_epsilon)
        fed = _feed_forward(weights, hidden, layer, model)
        fed = dropout(fed, model.dropout_rate)
        norm = variables.ffn_norm(layer)
        hidden = layer_norm(weights, norm, hidden + fed, model.layer_norm_epsilon)
    return hidden


def _embed(weights, features, model, dropout, dtype):
    """Word, position and segment embeddings, summed and normalized: [B, S, H]."""
    length = tf.shape(features["input_ids"])[1]
    # Not table[:length]: the gradient of that slice is an operation that Cerebras' compiler never
    # saw; that of tf.slice is a Pad.
    size = [length, model.hidden_size]
    words = tf.gather(weights[variables.WORD_EMBEDDINGS], features["input_ids"])
    positions = tf.slice(weights[variables.POSITION_EMBEDDINGS], [0, 0], size)
    segments = tf.gather(weights[variables.SEGMENT_EMBEDDINGS], features["segment_ids"])
    embedded = tf.cast(words + positions + segments, dtype)
    norm = variables.EMBEDDING_NORM
    embedded = layer_norm(weights, norm, embedded, model.layer_norm_epsilon)
    return dropout(embedded, model.dropout_rate)


def _mask_scores(input_mask):
    """What is added to the attention scores: float32 [B, 1, 1, S], -1e4 on padding."""
    is_padding = tf.cast(tf.equal(input_mask, records.PADDING), tf.float32)
    return MASKED_SCORE * is_padding[:, tf.newaxis, tf.newaxis, :]


def _attend(weights, hidden, mask, layer, model, dropout):
    """Multi-head self-attention, [B, S, H] -> [B, S, H]."""
    query, key, value = (
        _split_heads(dense(weights, variables.projection(layer, which), hidden), model)
        for which in (variables.QUERY, variables.KEY, variables.VALUE)
    )
    scale = (model.hidden_size // model.num_heads) ** -0.5
    scores = tf.matmul(query * tf.cast(scale, query.dtype), key, transpose_b=True)  # [B, N, S, S]
    shares = tf.nn.softmax(tf.cast(scores, tf.float32) + mask)
    shares = dropout(tf.cast(shares, hidden.dtype), model.attention_dropout_rate)
    context = _join_heads(tf.matmul(shares, value), model)
    return dense(weights, variables.attention_output(layer), context)


def _split_heads(x, model):
    """[B, S, H] -> [B, N, S, D]."""
    shape = tf.shape(x)
    size = model.hidden_size // model.num_heads
    return tf.transpose(tf.reshape(x, [shape[0], shape[1], model.num_heads, size]), [0, 2, 1, 3])


def _join_heads(x, model):
    """[B, N, S, D] -> [B, S, H]."""
    shape = tf.shape(x)
    return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [shape[0], shape[2], model.hidden_size])


def _feed_forward(weights, hidden, layer, model):
    """[B, S, H] -> [B, S, filter_size] -> [B, S, H]."""
    inner = dense(weights, variables.ffn_in(layer), hidden)
    inner = NONLINEARITIES[model.encoder_nonlinearity](inner)
    return dense(weights, variables.ffn_out(layer), inner)


def dense(weights, name, x):
    """x @ kernel + bias over the last axis, in the dtype of x."""
    kernel = tf.cast(weights[name + "/kernel"], x.dtype)
    inputs, outputs = kernel.shape
    flat = tf.matmul(tf.reshape(x, [-1, inputs]), kernel)
    flat = tf.nn.bias_add(flat, tf.cast(weights[name + "/bias"], x.dtype))
    return tf.reshape(flat, tf.concat([tf.shape(x)[:-1], [outputs]], axis=0))


def layer_norm(weights, name, x, epsilon):
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta over the last axis, in float32."""
    wide = tf.cast(x, tf.float32)
    mean, variance = tf.nn.moments(wide, axes=[-1], keepdims=True)
    gamma, beta = weights[name + "/gamma"], weights[name + "/beta"]
    normal = tf.nn.batch_normalization(wide, mean, variance, beta, gamma, epsilon)
    return tf.cast(normal, x.dtype)


def _gelu_tanh(x):
    """0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), Google's and the Model Zoo's form."""
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
    return 0.5 * x * (1.0 + tf.tanh(inner))


def _gelu_erf(x):
    """x times the normal distribution function, Hugging Face's `gelu`."""
    return 0.5 * x * (1.0 + tf.math.erf(x / math.sqrt(2)))


NONLINEARITIES = {"gelu": _gelu_tanh, "gelu_erf": _gelu_erf}
