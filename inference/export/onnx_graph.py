"""BERT and its classifier as an ONNX graph: train/model/ with ONNX's operations.

A converter of TensorFlow graphs would do without this file, but tf2onnx takes 3 minutes and 13 GB
of memory for BERT-base.

Letters in shapes: B batch, S sequence length, H hidden_size, N heads, D = H / N, A query tokens of
a row: all S, but in the last layer only the first.
"""

import math

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from shared.config import ModelConfig
from shared.errors import UserError
from train.model import variables
from train.model.layers import MASKED_SCORE
from train.pretrained import tables

OPSET = 17  # of 2022, the first with LayerNormalization
_IR_VERSION = 8  # the file format of that release
# int64 [B, S] each, under the names of transformers; attention_mask is 1 on tokens.
INPUTS = IDS, MASK, SEGMENTS = "input_ids", "attention_mask", "token_type_ids"
OUTPUT = "logits"


def build(weights: dict, model: ModelConfig) -> ModelProto:
    """The model from ids to logits, float32 [B, C].

    Args: weights, {name: float32 array}, the names of train/model/variables.py.
    Raises:
      UserError: it has an activation besides gelu.
    """
    if model.encoder_nonlinearity not in _ACTIVATIONS:
        raise UserError(
            f"the model has model.encoder_nonlinearity {model.encoder_nonlinearity}, but "
            f"FORMAT=onnx only {' and '.join(_ACTIVATIONS)}; use FORMAT=saved_model"
        )
    graph = _Graph(weights, model)
    hidden, mask = _embed(graph), _mask(graph)
    for layer in range(model.num_hidden_layers):
        is_last = layer == model.num_hidden_layers - 1
        queries = graph.op("Gather", hidden, graph.integers([0]), axis=1) if is_last else hidden
        hidden = _layer(graph, layer, queries, hidden, mask)
    first = graph.op("Squeeze", hidden, graph.integers([1]))
    pooled = graph.op("Tanh", graph.dense(variables.POOLER, first))
    graph.op("Identity", graph.dense(variables.OUTPUT, pooled), output=OUTPUT)
    return graph.proto()


class _Graph:
    """Nodes in the order of their work; a method adds some and returns their output's name."""

    def __init__(self, weights: dict, model: ModelConfig):
        self.model = model
        self._weights = tables.with_segments(weights)
        self._nodes, self._constants = [], []

    def op(self, kind: str, *inputs: str, output: str = "", **attributes) -> str:
        output = output or f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def constant(self, value: np.ndarray, name: str = "") -> str:
        name = name or f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(value, name))
        return name

    def number(self, value: float) -> str:
        return self.constant(np.float32(value))

    def integers(self, values: list) -> str:
        return self.constant(np.array(values, np.int64))

    def weight(self, name: str) -> str:
        """Each is used once."""
        return self.constant(self._weights[name], name)

    def dense(self, name: str, x: str) -> str:
        product = self.op("MatMul", x, self.weight(name + "/kernel"))
        return self.op("Add", product, self.weight(name + "/bias"))

    def normalize(self, name: str, x: str) -> str:
        scale = (self.weight(name + "/gamma"), self.weight(name + "/beta"))
        epsilon = self.model.layer_norm_epsilon
        return self.op("LayerNormalization", x, *scale, axis=-1, epsilon=epsilon)

    def proto(self) -> ModelProto:
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"])
            for name in INPUTS
        ]
        shape = ["batch", self.model.num_cls_classes]
        output = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, shape)
        graph = helper.make_graph(self._nodes, "bert", inputs, [output], self._constants)
        opset = [helper.make_opsetid("", OPSET)]
        return helper.make_model(graph, opset_imports=opset, ir_version=_IR_VERSION)


def _embed(graph: _Graph) -> str:
    """[B, S, H]."""
    words = graph.op("Gather", graph.weight(variables.WORD_EMBEDDINGS), IDS)
    length = graph.op("Shape", IDS, start=1, end=2)
    zero = graph.integers([0])
    table = graph.weight(variables.POSITION_EMBEDDINGS)
    positions = graph.op("Slice", table, zero, length, zero)
    segments = graph.op("Gather", graph.weight(variables.SEGMENT_EMBEDDINGS), SEGMENTS)
    total = graph.op("Add", graph.op("Add", words, positions), segments)
    return graph.normalize(variables.EMBEDDING_NORM, total)


def _mask(graph: _Graph) -> str:
    """What is added to scores: 0 on tokens, MASKED_SCORE on padding, float32 [B, 1, 1, S]."""
    is_token = graph.op("Cast", MASK, to=TensorProto.FLOAT)
    is_padding = graph.op("Sub", graph.number(1), is_token)
    flat = graph.op("Mul", is_padding, graph.number(MASKED_SCORE))
    return graph.op("Unsqueeze", flat, graph.integers([1, 2]))


def _layer(graph: _Graph, layer: int, queries: str, hidden: str, mask: str) -> str:
    """The query tokens, [B, A, H], attend to all tokens, [B, S, H]: [B, A, H]."""
    attended = _attend(graph, layer, queries, hidden, mask)
    queries = graph.op("Add", queries, attended)
    queries = graph.normalize(variables.attention_norm(layer), queries)
    inner = _ACTIVATIONS[graph.model.encoder_nonlinearity](
        graph, graph.dense(variables.ffn_in(layer), queries)
    )
    fed = graph.op("Add", queries, graph.dense(variables.ffn_out(layer), inner))
    return graph.normalize(variables.ffn_norm(layer), fed)


def _attend(graph: _Graph, layer: int, queries: str, hidden: str, mask: str) -> str:
    heads = graph.model.num_heads
    size = graph.model.hidden_size // heads
    by_head = graph.integers([0, 0, heads, size])

    def project(which: str, x: str, order: list) -> str:
        """[B, A or S, H] -> [B, A or S, N, D], with its axes in that order."""
        split = graph.op("Reshape", graph.dense(variables.projection(layer, which), x), by_head)
        return graph.op("Transpose", split, perm=order)

    query = project(variables.QUERY, queries, [0, 2, 1, 3])
    key = project(variables.KEY, hidden, [0, 2, 3, 1])
    value = project(variables.VALUE, hidden, [0, 2, 1, 3])
    query = graph.op("Mul", query, graph.number(size**-0.5))
    scores = graph.op("Add", graph.op("MatMul", query, key), mask)  # [B, N, A, S]
    context = graph.op("MatMul", graph.op("Softmax", scores, axis=-1), value)
    context = graph.op("Transpose", context, perm=[0, 2, 1, 3])
    joined = graph.op("Reshape", context, graph.integers([0, 0, graph.model.hidden_size]))
    return graph.dense(variables.attention_output(layer), joined)


def _gelu(graph: _Graph, x: str) -> str:
    """0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))."""
    cube = graph.op("Mul", graph.op("Mul", x, x), x)
    bent = graph.op("Add", x, graph.op("Mul", cube, graph.number(0.044715)))
    scaled = graph.op("Mul", bent, graph.number(math.sqrt(2 / math.pi)))
    return _half_of(graph, x, graph.op("Tanh", scaled))


def _gelu_erf(graph: _Graph, x: str) -> str:
    """0.5 x (1 + erf(x / sqrt(2)))."""
    scaled = graph.op("Mul", x, graph.number(math.sqrt(0.5)))
    return _half_of(graph, x, graph.op("Erf", scaled))


def _half_of(graph: _Graph, x: str, t: str) -> str:
    """0.5 x (1 + t)."""
    half = graph.op("Mul", x, graph.number(0.5))
    return graph.op("Mul", half, graph.op("Add", t, graph.number(1)))


_ACTIVATIONS = {"gelu": _gelu, "gelu_erf": _gelu_erf}
