"""What a model_fn put into a graph."""

import hashlib

import tensorflow as tf


def signature(tensors):
    """[shape or None, dtype] of a tensor, or a dict of them; None stays None."""
    if isinstance(tensors, dict):
        return {name: signature(tensor) for name, tensor in sorted(tensors.items())}
    if tensors is None:
        return None
    shape = None if tensors.shape.rank is None else tensors.shape.as_list()
    return [shape, tensors.dtype.name]


def op_types(operations) -> list:
    """The types of operations and of all within the functions that they call, sorted."""
    if not operations:
        return []
    graph = operations[0].graph.as_graph_def()
    functions = {function.signature.name: function for function in graph.library.function}
    names = {operation.name for operation in operations}
    nodes = [node for node in graph.node if node.name in names]
    types, seen = set(), set()
    while nodes:
        node = nodes.pop()
        types.add(node.op)
        for name in _called(node) - seen:
            seen.add(name)
            nodes.extend(functions[name].node_def)
    return sorted(types)


def _called(node):
    functions = {attr.func.name for attr in node.attr.values() if attr.HasField("func")}
    return functions | {f.name for attr in node.attr.values() for f in attr.list.func}


def fingerprint(operations, *more) -> str:
    """Changes with any operation's type, name, dtypes or shapes, not with a constant's value."""
    lines = [f"{op.type} {op.name} {[signature(out) for out in op.outputs]}" for op in operations]
    return hashlib.sha256("\n".join([*map(str, more), *lines]).encode("utf-8")).hexdigest()[:16]


def has_float16(operations) -> bool:
    return any(tensor.dtype.base_dtype == tf.float16 for op in operations for tensor in op.outputs)
