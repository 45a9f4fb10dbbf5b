"""The models that are measured, and what a step of each costs."""

import dataclasses

from shared.config import ModelConfig
from train.model import flops

_KEYS = ("hidden_size", "num_hidden_layers", "num_heads", "filter_size")
_SIZES = {
    "large": (1024, 24, 16, 4096),
    "base": (768, 12, 12, 3072),
    "minilm": (384, 6, 12, 1536),
    "smallest": (32, 1, 2, 64),
}
VOCABULARY = 30522
_CLASSES = 2


def of(name: str) -> dict:
    """Fields of ModelConfig."""
    return {**dict(zip(_KEYS, _SIZES[name], strict=True)), "vocab_size": VOCABULARY}


def for_transformers(name: str) -> dict:
    """The same as fields of transformers' BertConfig."""
    hidden, layers, heads, filters = _SIZES[name]
    return {
        "vocab_size": VOCABULARY,
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": filters,
    }


def operations(name: str, rows: int, tokens: int) -> "tuple[int, int]":
    """Floating-point operations of the products of a training step: (ours, with a whole last
    layer, as PyTorch computes it)."""
    model = ModelConfig(**of(name), num_cls_classes=_CLASSES)
    of_layers = [flops.train(dataclasses.replace(model, num_hidden_layers=count), rows, tokens)
                 for count in (1, 2, model.num_hidden_layers)]  # fmt: skip
    head = 3 * 2 * rows * model.hidden_size * (model.hidden_size + _CLASSES)
    layer = of_layers[1] - of_layers[0]
    return of_layers[2], head + model.num_hidden_layers * layer
