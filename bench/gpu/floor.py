"""How fast a step could be, by arithmetic, without measuring it.

python -m bench.gpu.floor

The time of the matrix products is their operations divided by the rate of the matrix units; the
time of the rest is its bytes divided by the bandwidth of memory; the two are added. The bytes are
counted by hand, for a step whose operations between products are fused as far as XLA does it. The
forecast assumes that products reach 70 % of that rate and memory 85 % of its bandwidth.
"""

import sys

from bench.gpu import sizes
from bench.table import markdown
from shared.config import ModelConfig

# Measured on one H100 SXM, with the product in bench/gpu and a copy in PyTorch.
OPERATIONS, BYTES = 800e12, 3.0e12
_REACHED_OPERATIONS, _REACHED_BYTES = 0.7, 0.85
SHAPES = [
    *(("base", rows, tokens) for tokens in (72, 128, 448) for rows in (32, 128)),
    *(("large", *shape) for shape in ((32, 128), (128, 128), (32, 448))),
]
# Bytes of a parameter: AdamW reads weight, gradient and both slots and writes all but the gradient,
# in float32; before, the gradient is written, and read for its norm; the weight is cast.
_OF_PARAMETER = 28 + 4 + 4 + 6
# Passes of a layer over [tokens, hidden], two bytes a value. Forward: biases and the split into
# heads 6, joining them 2, each dropout with residual and norm 5, gelu 12; backward about 1.5 times.
_OF_HIDDEN = 2 * 2.5 * (6 + 2 + 5 + 5 + 12)
# Passes over the scores [rows, heads, tokens, tokens]. Forward: random bits 2, softmax 1, shares
# before and after dropout 2; backward: bits, shares and slopes 5, with what the sums need 3.
_OF_SCORES = 2 * (5 + 8)


def seconds(name: str, rows: int, tokens: int) -> "tuple[float, float, float]":
    """Seconds of the step's products; of passing over activations; over weights and slots."""
    model = ModelConfig(**sizes.of(name), num_cls_classes=2)
    values = rows * tokens * model.hidden_size
    scores = rows * model.num_heads * tokens**2
    layers = model.num_hidden_layers - 1  # the last one costs nearly nothing
    activations = layers * (_OF_HIDDEN * values + _OF_SCORES * scores)
    products = sizes.operations(name, rows, tokens)[0] / OPERATIONS
    return products, activations / BYTES, _OF_PARAMETER * _parameters(model) / BYTES


def _parameters(model: ModelConfig) -> int:
    hidden, filters = model.hidden_size, model.filter_size
    layer = 4 * hidden * (hidden + 1) + 2 * hidden * filters + filters + hidden + 4 * hidden
    embeddings = (model.vocab_size + model.max_position_embeddings + 2 + 2) * hidden
    return embeddings + model.num_hidden_layers * layer + hidden * (hidden + 1) + 2 * (hidden + 1)


def main() -> None:
    header = ["shape", "products, ms", "activations, ms", "AdamW, ms", "floor, ms", "forecast, ms",
              "examples/s", "share of the peak"]  # fmt: skip
    print(markdown(header, [_line(*shape) for shape in SHAPES]))


def _line(name, rows, tokens) -> "list[str]":
    products, activations, weights = seconds(name, rows, tokens)
    forecast = products / _REACHED_OPERATIONS + (activations + weights) / _REACHED_BYTES
    times = (products, activations, weights, products + activations + weights, forecast)
    return [f"{name}, {rows} x {tokens}", *(f"{time * 1e3:.2f}" for time in times),
            f"{rows / forecast:,.0f}", f"{products / forecast:.0%}"]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
