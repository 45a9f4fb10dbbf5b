"""The BERT encoder (Devlin et al. 2018): pure functions of a dict of weights.

Letters in shapes: B batch, S sequence length, H hidden_size, N heads, D = H / N, A tokens of a row
that ask in attention: all S, but in the last layer only those whose answer is wanted.
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
      The last layer's output, layers.dtype [B, A, H]: of the first A tokens, as layers.asking
      has it.
    """
    hidden = _embed(weights, features, model, layers)
    mask = layers.mask(features["input_mask"])
    last = model.num_hidden_layers - 1
    for layer in range(model.num_hidden_layers):
        asking = layers.asking(hidden) if layer == last else hidden
        hidden = _layer(weights, asking, hidden, mask, layer, model, layers)
    return hidden


def _layer(weights, asking, hidden, mask, layer, model, layers):
    """The tokens that ask, [B, A, H], look at all, [B, S, H], and are transformed: [B, A, H]."""
    attended = _attend(weights, asking, hidden, mask, layer, model, layers)
    asking = _add_and_normalize(
        weights, variables.attention_norm(layer), asking, attended, model, layers
    )
    fed = _feed_forward(weights, asking, layer, model, layers)
    return _add_and_normalize(weights, variables.ffn_norm(layer), asking, fed, model, layers)


def _embed(weights, features, model, layers):
    """Word, position and segment embeddings, summed and normalized: [B, S, H]."""
    length = tf.shape(features["input_ids"])[1]
    words = layers.lookup(weights[variables.WORD_EMBEDDINGS], features["input_ids"])
    positions = layers.first_rows(weights[variables.POSITION_EMBEDDINGS], length)
    segments = layers.lookup(weights[variables.SEGMENT_EMBEDDINGS], features["segment_ids"])
    embedded = words + positions + segments
    embedded = _normalize(weights, variables.EMBEDDING_NORM, embedded, model, layers)
    return layers.dropout(embedded, model.dropout_rate)


def _attend(weights, asking, hidden, mask, layer, model, layers):
    """Multi-head self-attention, [B, A, H] and [B, S, H] -> [B, A, H]."""
    query, key, value = (
        _split_heads(dense(weights, variables.projection(layer, which), x, layers), model)
        for which, x in (
            (variables.QUERY, asking),
            (variables.KEY, hidden),
            (variables.VALUE, hidden),
        )
    )
    scale = (model.hidden_size // model.num_heads) ** -0.5
    scores = tf.matmul(query * scale, key, transpose_b=True)  # [B, N, A, S]
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
    """[B, A, H] -> [B, A, filter_size] -> [B, A, H]."""
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
