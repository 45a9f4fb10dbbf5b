"""The cost of a step: its matrix products and their operations.

A product [m, k] x [k, n] counts 2 m n k. The backward pass has two such products for each one in
the forward pass, one for the gradient of either factor. Elementwise work (softmax, layer norm,
dropout, optimizer) is left out, and so is looking up embeddings. So are the outputs of the last
layer that gpu and cpu do not compute (train/model/layers.py: Layers.query_tokens).
"""

from shared.config import ModelConfig


def products(model: ModelConfig, rows: int, length: int) -> list:
    """The products of a forward pass of [rows, length] tokens: [(products at once, m, k, n)]."""
    hidden = model.hidden_size
    layers = (model.num_hidden_layers - 1) * _layer(model, rows, length)
    head = [(1, rows, hidden, hidden), (1, rows, hidden, model.num_cls_classes)]
    return layers + _last_layer(model, rows, length) + head


def _layer(model, rows, length):
    """Every token is a query token."""
    hidden, heads = model.hidden_size, model.num_heads
    tokens, size = rows * length, hidden // heads
    return [
        *[(1, tokens, hidden, hidden)] * 4,  # query, key, value, output
        (rows * heads, length, size, length),
        (rows * heads, length, length, size),
        *_feed_forward(model, tokens),
    ]


def _last_layer(model, rows, length):
    """Only the first token is a query token, as in train/model/bert.py: _attend_from_first."""
    hidden, heads = model.hidden_size, model.num_heads
    size = hidden // heads
    return [
        *[(1, rows, hidden, hidden)] * 2,  # query, output
        (heads, rows, size, hidden),
        (rows, heads, hidden, length),
        (rows, heads, length, hidden),
        (heads, rows, hidden, size),
        *_feed_forward(model, rows),
    ]


def _feed_forward(model, tokens):
    hidden, filters = model.hidden_size, model.filter_size
    return [(1, tokens, hidden, filters), (1, tokens, filters, hidden)]


def forward(model: ModelConfig, rows: int, length: int) -> int:
    """The floating-point operations of `products`."""
    return sum(2 * count * m * k * n for count, m, k, n in products(model, rows, length))


def train(model: ModelConfig, rows: int, length: int) -> int:
    """The same for the forward and the backward pass."""
    return 3 * forward(model, rows, length)
