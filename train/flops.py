"""What a step costs: the operations of its matrix products.

A product [m, k] x [k, n] counts 2 m n k. The backward pass is two such products for each of the
forward pass, one for the gradient of either factor. Whatever goes value by value (softmax, layer
norm, dropout, optimizer) is left out, as is the gathering of embeddings. So are the answers that
gpu and cpu do not ask of the last layer (train/layers.py: Layers.asking).
"""

from shared.config import ModelConfig


def forward(model: ModelConfig, rows: int, length: int) -> int:
    """The floating-point operations of the model's answers to [rows, length] tokens."""
    hidden = model.hidden_size
    layers = (model.num_hidden_layers - 1) * _layer(model, rows, length, asking=length)
    layers += _layer(model, rows, length, asking=1)
    return layers + 2 * rows * hidden * (hidden + model.num_cls_classes)


def _layer(model, rows, length, asking):
    """A layer in which so many tokens of each row ask."""
    hidden, tokens, answers = model.hidden_size, rows * length, rows * asking
    keys_and_values = 2 * 2 * tokens * hidden * hidden
    queries_and_outputs = 2 * 2 * answers * hidden * hidden
    attention = 2 * 2 * answers * length * hidden  # scores, and sums by them
    feed_forward = 2 * 2 * answers * hidden * model.filter_size
    return keys_and_values + queries_and_outputs + attention + feed_forward


def train(model: ModelConfig, rows: int, length: int) -> int:
    """Those of the model and its gradients."""
    return 3 * forward(model, rows, length)
