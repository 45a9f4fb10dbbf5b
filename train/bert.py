"""The BERT encoder (Devlin et al. 2018): pure functions of a dict of weights.

Letters in shapes: B batch, S sequence length, H hidden_size, N heads, D = H / N.
"""

import tensorflow as tf

from shared.config import ModelConfig
from train import variables


def encode(weights, features, model: ModelConfig, layers):
    """Token ids to hidden states.

    Args:
      weights: {name: float32 variable or tensor}, the names of train/variables.py.
      features: {"input_ids", "input_mask" (1 = padding), "segment_ids"}, int32 [B, S] each.
      model: sizes and rates, all set.
      layers: a new layers.Layers, or the backend's own.
    Returns:
      The last layer's output, layers.dtype [B, S, H].
    """
    hidden = _embed(weights, features, model, layers)
    mask = layers.mask(features["input_mask"])
    for layer in range(model.num_hidden_layers):
        attended = _attend(weights, hidden, mask, layer, model, layers)
        hidden = _add_and_normalize(
            weights, variables.attention_norm(layer), hidden, attended, model, layers
        )
        fed = _feed_forward(weights, hidden, layer, model, layers)
        hidden = _add_and_normalize(weights, variables.ffn_norm(layer), hidden, fed, model, layers)
    return hidden


def _embed(weights, features, model, layers):
    """Word, position and segment embeddings, summed and normalized: [B, S, H]."""
    length = tf.shape(features["input_ids"])[1]
    words = layers.lookup(weights[variables.WORD_EMBEDDINGS], features["input_ids"])
    positions = layers.first_rows(weights[variables.POSITION_EMBEDDINGS], length)
    segments = layers.lookup(weights[variables.SEGMENT_EMBEDDINGS], features["segment_ids"])
    embedded = words + positions + segments
    embedded = _normalize(weights, variables.EMBEDDING_NORM, embedded, model, layers)
    return layers.dropout(embedded, model.dropout_rate)


def _attend(weights, hidden, mask, layer, model, layers):
    """Multi-head self-attention, [B, S, H] -> [B, S, H]."""
    query, key, value = (
        _split_heads(dense(weights, variables.projection(layer, which), hidden, layers), model)
        for which in (variables.QUERY, variables.KEY, variables.VALUE)
    )
    scale = (model.hidden_size // model.num_heads) ** -0.5
    scores = tf.matmul(query * scale, key, transpose_b=True)  # [B, N, S, S]
    shares = layers.dropout(layers.attention(scores, mask), model.attention_dropout_rate)
    context = _join_heads(tf.matmul(shares, value), model)
    return dense(weights, variables.attention_output(layer), context, layers)


def _split_heads(x, model):
    """[B, S, H] -> [B, N, S, D]."""
    shape = tf.shape(x)
    size = model.hidden_size // model.num_heads
    return tf.transpose(tf.reshape(x, [shape[0], shape[1], model.num_heads, size]), [0, 2, 1, 3])


def _join_heads(x, model):
    """[B, N, S, D] -> [B, S, H]."""
    shape = tf.shape(x)
    return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [shape[0], shape[2], model.hidden_size])


def _feed_forward(weights, hidden, layer, model, layers):
    """[B, S, H] -> [B, S, filter_size] -> [B, S, H]."""
    inner = dense(weights, variables.ffn_in(layer), hidden, layers)
    inner = getattr(layers, model.encoder_nonlinearity)(inner)
    return dense(weights, variables.ffn_out(layer), inner, layers)


def _add_and_normalize(weights, name, hidden, change, model, layers):
    """The end of both halves of a layer; args: name, of the layer norm."""
    change = layers.dropout(change, model.dropout_rate)
    return _normalize(weights, name, hidden + change, model, layers)


def _normalize(weights, name, x, model, layers):
    gamma, beta = weights[name + "/gamma"], weights[name + "/beta"]
    return layers.normalize(x, gamma, beta, model.layer_norm_epsilon)


def dense(weights, name, x, layers):
    """The dense layer of that name."""
    return layers.dense(x, weights[name + "/kernel"], weights[name + "/bias"])
