"""What a step costs: the operations of its matrix products.

A product [m, k] x [k, n] counts 2 m n k. The backward pass is two such products for each of the
forward pass, one for the gradient of either factor. Whatever goes value by value (softmax, layer
norm, dropout, optimizer) is left out, as is the gathering of embeddings.
"""

from shared.config import ModelConfig


def forward(model: ModelConfig, rows: int, length: int) -> int:
    """The floating-point operations of the model's answers to [rows, length] tokens."""
    hidden, tokens = model.hidden_size, rows * length
    projections = 4 * 2 * tokens * hidden * hidden  # query, key, value, output
    attention = 2 * 2 * tokens * length * hidden  # scores, and sums by them
    feed_forward = 2 * 2 * tokens * hidden * model.filter_size
    head = 2 * rows * hidden * (hidden + model.num_cls_classes)
    return model.num_hidden_layers * (projections + attention + feed_forward) + head


def train(model: ModelConfig, rows: int, length: int) -> int:
    """Those of the model and its gradients."""
    return 3 * forward(model, rows, length)
