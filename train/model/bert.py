"""The BERT encoder (Devlin et al. 2018): pure functions of a dict of weights.

Letters in shapes: B batch, S sequence length, H hidden_size, N heads, D = H / N, A query
tokens of a row: all S, but in the last layer only the ones whose output is used.
"""

import tensorflow as tf

from shared.config import ModelConfig
from train.model import variables


def encode(weights, features, model: ModelConfig, layers):
    """Token ids to hidden states.

    Args:
      weights: {name: float32 variable or tensor}, the names of train/model/variables.py.
      features: {"input_ids", "input_mask" (1 = padding), "segment_ids"}, int32 [B, S] each.
      model: sizes and rates, all set.
      layers: a new layers.Layers, or the backend's own.
    Returns:
      The last layer's output, layers.dtype [B, A, H]: of the first A tokens (layers.query_tokens).
    """
    hidden = _embed(weights, features, model, layers)
    mask = layers.mask(features["input_mask"])
    last = model.num_hidden_layers - 1
    for layer in range(model.num_hidden_layers):
        queries = layers.query_tokens(hidden) if layer == last else hidden
        hidden = _layer(weights, queries, hidden, mask, layer, model, layers)
    return hidden


def _layer(weights, queries, hidden, mask, layer, model, layers):
    """The query tokens, [B, A, H], attend to all tokens, [B, S, H]: [B, A, H]."""
    if queries is hidden:
        attended = _attend(weights, hidden, mask, layer, model, layers)
    else:
        attended = _attend_from_first(weights, queries, hidden, mask, layer, model, layers)
    queries = _add_and_normalize(
        weights, variables.attention_norm(layer), queries, attended, model, layers
    )
    fed = _feed_forward(weights, queries, layer, model, layers)
    return _add_and_normalize(weights, variables.ffn_norm(layer), queries, fed, model, layers)


def _embed(weights, features, model, layers):
    """The normalized sum of word, position and, if any, segment embeddings: [B, S, H]."""
    words = layers.lookup(weights[variables.WORD_EMBEDDINGS], features["input_ids"])
    positions = layers.first_rows(weights[variables.POSITION_EMBEDDINGS], tf.shape(words)[1])
    embedded = words + positions
    if variables.SEGMENT_EMBEDDINGS in weights:
        embedded += layers.lookup(weights[variables.SEGMENT_EMBEDDINGS], features["segment_ids"])
    embedded = _normalize(weights, variables.EMBEDDING_NORM, embedded, model, layers)
    return layers.dropout(embedded, model.dropout_rate)


def _attend(weights, hidden, mask, layer, model, layers):
    """Multi-head self-attention, [B, S, H] -> [B, S, H]."""
    kinds = (variables.QUERY, variables.KEY, variables.VALUE)
    names = [variables.projection(layer, kind) for kind in kinds]
    kernels, biases = ([weights[f"{name}/{part}"] for name in names] for part in ("kernel", "bias"))
    query, key, value = layers.heads(hidden, kernels, biases, model.num_heads)
    scores = tf.matmul(query * _head_size(model) ** -0.5, key, transpose_b=True)  # [B, N, S, S]
    shares = layers.dropout(layers.attention(scores, mask), model.attention_dropout_rate)
    context = _join_heads(tf.matmul(shares, value), model)
    return dense(weights, variables.attention_output(layer), context, layers)


def _attend_from_first(weights, queries, hidden, mask, layer, model, layers):
    """`_attend` of one query token a row: [B, 1, H] and [B, S, H] -> [B, 1, H].

    The same result with fewer products. Let K, V [H, D] be a head's kernels of key and value, k, v
    [D] their biases, q its query, p_s the share of token x_s:

        q . (x_s K + k) = (q K^T) . x_s + q . k
        sum p_s (x_s V + v) = (sum p_s x_s) V + (sum p_s) v

    On the left K and V multiply each of the S tokens, on the right one vector: in a row of 72
    tokens of BERT-base this is 170 million operations on the left, 5 million on the right.
    """
    query = dense(weights, variables.projection(layer, variables.QUERY), queries, layers)
    query = _heads_of_first(query, model) * _head_size(model) ** -0.5
    kernels, biases = _projection_by_head(weights, variables.KEY, layer, model, layers)
    scores = tf.matmul(_by_head(query, kernels, transpose_b=True), hidden, transpose_b=True)
    scores += tf.reduce_sum(query * biases, axis=-1, keepdims=True)  # [B, N, S]
    shares = layers.attention(tf.expand_dims(scores, axis=2), mask)
    shares = tf.squeeze(layers.dropout(shares, model.attention_dropout_rate), axis=2)
    kernels, biases = _projection_by_head(weights, variables.VALUE, layer, model, layers)
    total = tf.reduce_sum(tf.cast(shares, tf.float32), axis=-1, keepdims=True)
    context = _by_head(tf.matmul(shares, hidden), kernels) + tf.cast(total, layers.dtype) * biases
    context = tf.reshape(context, [-1, 1, model.hidden_size])
    return dense(weights, variables.attention_output(layer), context, layers)


def _head_size(model):
    return model.hidden_size // model.num_heads


def _heads_of_first(x, model):
    """[B, 1, H] -> [B, N, D]."""
    return tf.reshape(x, [-1, model.num_heads, _head_size(model)])


def _projection_by_head(weights, which, layer, model, layers):
    """The kernel, [H, N D] -> [N, H, D], and the bias, [N D] -> [N, D]."""
    name, heads = variables.projection(layer, which), model.num_heads
    kernel, bias = (tf.cast(weights[f"{name}/{part}"], layers.dtype) for part in ("kernel", "bias"))
    kernels = tf.transpose(tf.reshape(kernel, [model.hidden_size, heads, -1]), [1, 0, 2])
    return kernels, tf.reshape(bias, [heads, -1])


def _by_head(x, kernels, transpose_b=False):
    """Each head's vectors by its own kernel, [B, N, I] and [N, I, O] -> [B, N, O]."""
    product = tf.matmul(tf.transpose(x, [1, 0, 2]), kernels, transpose_b=transpose_b)
    return tf.transpose(product, [1, 0, 2])


def _join_heads(x, model):
    """[B, N, S, D] -> [B, S, H]."""
    shape = tf.shape(x)
    return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [shape[0], shape[2], model.hidden_size])


def _feed_forward(weights, hidden, layer, model, layers):
    """[B, A, H] -> [B, A, filter_size] -> [B, A, H]."""
    inner = dense(weights, variables.ffn_in(layer), hidden, layers)
    inner = layers.activation(model.encoder_nonlinearity)(inner)
    inner = layers.feed_forward_dropout(inner)
    return layers.feed_forward_dropout(dense(weights, variables.ffn_out(layer), inner, layers))


def _add_and_normalize(weights, name, hidden, change, model, layers):
    """The end of each half of a layer; args: name, of the layer norm."""
    change = layers.dropout(change, model.dropout_rate)
    return _normalize(weights, name, hidden + change, model, layers)


def _normalize(weights, name, x, model, layers):
    gamma, beta = weights[name + "/gamma"], weights[name + "/beta"]
    return layers.normalize(x, gamma, beta, model.layer_norm_epsilon)


def dense(weights, name, x, layers):
    """The dense layer of that name."""
    return layers.dense(x, weights[name + "/kernel"], weights[name + "/bias"])
