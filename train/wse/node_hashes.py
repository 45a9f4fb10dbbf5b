"""A hash for each operation of a graph, of all that flows into it.

Equal hashes in two graphs of TensorFlow 2.2 mean the same operation with the same attributes and
inputs, all the way up. What does not count, because it computes nothing: Identity, StopGradient, a
Cast to the same type, a factor of 1, the order of a sum's or a product's operands, and how a static
shape or the axes of a reduction were found. Names count for variables and placeholders only; a
function, such as the branch of a condition, is what it returns and assigns.
"""

import hashlib
from typing import Dict, Optional

import numpy as np
import tensorflow as tf

# Operations of which only the kind, the static shape of the result and the first input count.
_SHAPED = ("Reshape", "Sum", "Mean")
_SHAPED_IF_STATIC = ("Tile", "Slice", "Pad", "StridedSlice")
_COMMUTATIVE = ("Add", "AddV2", "Mul", "AddN")
_FILLS = {"Fill": 1, "ZerosLike": None}  # {kind: which input is the value}
# Attributes that differ between equal computations.
_LEFT_OUT = (
    *("container", "shared_name", "allowed_devices", "seed", "seed2", "output_shapes"),
    *("Tin", "Tout", "Tcond"),
)
# By their names: what initializes, what is only logged, and assignments in a scope, which no other
# operation depends on.
_NOT_COUNTED = (
    *("Initializer", "IsInitialized", "/Assign", "summ", "cost_cls", "unclipped", "train/lr"),
    "train/loss_scale",
)


def of_graph(graph: tf.Graph) -> Dict[tf.Operation, str]:
    """{operation: 12 hexadecimal digits}, in the order in which the operations were made."""
    hasher = Hasher(graph)
    return {op: hasher.of_operation(op).partition(":")[0] for op in graph.get_operations()}


def is_counted(op: tf.Operation) -> bool:
    """Whether an operation belongs to what a step computes."""
    return not any(part in op.name for part in _NOT_COUNTED)


class Hasher:
    """The hashes of one graph. Ask for operations in the order in which they were made: recursion
    into their inputs then ends at once."""

    def __init__(self, graph: tf.Graph):
        self._graph, self._known = graph, {}

    def of_operation(self, op: tf.Operation) -> str:
        """12 digits; of an operation that hands on a tensor, `of_tensor` of that."""
        if op not in self._known:
            self._known[op] = self._computed(op)
        return self._known[op]

    def of_tensor(self, tensor: tf.Tensor) -> str:
        """The operation's digits, a colon and which of its results it is."""
        source = handed_on(tensor.op)
        if source is not None:
            return self.of_tensor(source)
        return f"{self.of_operation(tensor.op)}:{tensor.value_index}"

    def of_function(self, name: str) -> str:
        """12 digits of what a function of the graph returns and assigns."""
        graph = self._graph._functions[name].graph  # there is no public way to them
        inside = Hasher(graph)
        for index, argument in enumerate(graph.inputs):
            inside._known[argument.op] = _digest(("arg", index))
        assigned = [op for op in graph.get_operations() if op.type.startswith("Assign")]
        return _digest(
            sorted(map(inside.of_tensor, graph.outputs))
            + sorted(map(inside.of_operation, assigned))
        )

    def _computed(self, op):
        source = handed_on(op)
        if source is not None:
            return self.of_tensor(source)
        if op.type in _FILLS:
            result, value = op.outputs[0], _FILLS[op.type]
            filled = "" if value is None else self.of_tensor(op.inputs[value])
            return _digest((op.type, str(result.shape), result.dtype.name, filled))
        if op.type in _COMMUTATIVE:
            kind = op.type.replace("V2", "")
            return _digest((kind, sorted(map(self.of_tensor, op.inputs))))
        if _is_shaped(op):
            return _digest((op.type, str(op.outputs[0].shape), self.of_tensor(op.inputs[0])))
        name = op.name if op.type in ("VarHandleOp", "Placeholder") else ""
        inputs = [self.of_tensor(tensor) for tensor in op.inputs]
        return _digest((op.type, name, self._attributes(op), inputs))

    def _attributes(self, op):
        attributes = op.node_def.attr
        return [
            (key, self._attribute(key, attributes[key]))
            for key in sorted(attributes)
            if not key.startswith("_") and key not in _LEFT_OUT
        ]

    def _attribute(self, key, value):
        if key == "value":
            array = tf.make_ndarray(value.tensor)
            return array.dtype.name, array.shape, array.tobytes()
        return self.of_function(value.func.name) if value.HasField("func") else str(value)


def handed_on(op: tf.Operation) -> Optional[tf.Tensor]:
    """The input that is also the result; None if the operation computes something."""
    if op.type in ("Identity", "StopGradient"):
        return op.inputs[0]
    if op.type == "Cast" and op.inputs[0].dtype == op.outputs[0].dtype:
        return op.inputs[0]
    if op.type == "Mul":
        first, second = op.inputs
        return second if _is_one(first) else first if _is_one(second) else None
    return None


def _is_one(tensor):
    """Whether a factor is 1: the constant, or the mask of a dropout of rate 0."""
    op = tensor.op
    while op.type == "Identity":
        op = op.inputs[0].op
    if op.type == "Cast" and op.inputs[0].op.type == "GreaterEqual":
        return _is_constant(op.inputs[0].op.inputs[1].op, 0)
    return _is_constant(op, 1)


def _is_constant(op, value):
    if op.type != "Const":
        return False
    array = tf.make_ndarray(op.node_def.attr["value"].tensor)
    return np.ndim(array) == 0 and array == value


def _is_shaped(op):
    if op.type in _SHAPED_IF_STATIC:
        return op.outputs[0].shape.is_fully_defined()
    return op.type in _SHAPED


def _digest(content) -> str:
    return hashlib.sha1(repr(content).encode()).hexdigest()[:12]
