"""Functions for XLA, named after their content, so that its cache on disk finds them again.

TensorFlow's cache of XLA programs (train/gpu/xla_cache.py) uses the names of tf.functions. They
end in a number that counts everything the process has made so far: a training that resumes from a
checkpoint would not find what a fresh one has compiled. Here a hash of the function's graph
replaces that number.
"""

import hashlib
import re
from typing import Callable

import tensorflow as tf


class StepFunction:
    """A part of a step: a tf.function that XLA compiles for each shape, or not at all.

    Attributes: call, the tf.function.
    """

    def __init__(self, function: Callable, signature, use_xla: bool):
        """Args:
        function: takes and returns tensors, in lists and dicts.
        signature: tf.TensorSpecs like its arguments; sizes that differ between calls are None.
        use_xla: whether XLA compiles it.
        """
        self._function, self._signature = function, signature
        body = self._compiled if use_xla else function
        self.call = tf.function(body, reduce_retracing=True, autograph=False)
        self._traced = {}  # {replica: what _of_replica returns}
        self._programs = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, 0)

    def __call__(self, *arguments):
        return self.call(*arguments)

    def build(self) -> None:
        """Builds the graph without running it."""
        self.call.get_concrete_function(*self._signature)

    def programs(self) -> int:
        """How many XLA programs have run: one for each shape, on each replica."""
        return int(self._programs.size())

    def _compiled(self, *arguments):
        traced, graph, name = self._of_replica()
        specs = tf.nest.flatten(self._signature)
        tensors = [
            tf.convert_to_tensor(value, spec.dtype)
            for value, spec in zip(tf.nest.flatten(arguments), specs)
        ]
        self._note(name, [x for x, spec in zip(tensors, specs) if None in spec.shape])
        return _add(graph, traced, tensors)

    def _of_replica(self):
        """(a ConcreteFunction that calls the function on this replica, its GraphDef with other
        names, the name of the function)."""
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        replica = int(tf.get_static_value(tf.convert_to_tensor(replica)))
        if replica not in self._traced:
            jitted = tf.function(self._function, jit_compile=True, autograph=False)
            traced = tf.function(jitted, autograph=False).get_concrete_function(*self._signature)
            graph, name = _named_after_content(traced.graph.as_graph_def())
            self._traced[replica] = traced, graph, name
        return self._traced[replica]

    def _note(self, name, tensors):
        """Records in a graph that the program for tensors of these shapes runs."""
        with tf.device("CPU:0"):
            sizes = [tf.shape(tensor) for tensor in tensors]
            shown = tf.strings.as_string(tf.concat([[0], *sizes], axis=0))
            key = tf.strings.reduce_join(tf.concat([[name], shown], axis=0), separator=" ")
            self._programs.insert(key, tf.constant(0, tf.int64))


def _named_after_content(graph):
    """(a GraphDef whose functions are renamed, the name of the function that it calls).

    The number at the end of a name becomes its rank among them, and a hash of all is appended.
    """
    functions = graph.library.function
    for function in functions:
        _forget_numbers(function)
    found = sorted((function.signature.name for function in functions), key=_number)
    ranked = {name: f"{name[: -len(str(_number(name)))]}{n}" for n, name in enumerate(found)}
    _rename(graph, ranked)
    content = sorted(function.SerializeToString(deterministic=True) for function in functions)
    digest = hashlib.sha256(b"".join(content)).hexdigest()[:16]
    _rename(graph, {name: f"{name}_{digest}" for name in ranked.values()})
    return graph, f"{ranked[found[-1]]}_{digest}"  # the one that calls the others is made last


def _number(name):
    return int(re.search(r"\d+$", name).group())


def _forget_numbers(function):
    """Removes from a FunctionDef the other names with counters of the process."""
    arguments = function.signature.input_arg
    names = {argument.name: f"argument_{n}" for n, argument in enumerate(arguments)}
    for argument in arguments:
        argument.name = names[argument.name]
    for about in function.arg_attr.values():
        about.attr.pop("_user_specified_name", None)
    for node in function.node_def:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.attr.pop("_gradient_op_type", None)  # its gradient is never taken
    for output, source in function.ret.items():
        function.ret[output] = names.get(source, source)


def _rename(graph, names):
    for function in graph.library.function:
        function.signature.name = names[function.signature.name]
    in_functions = (node for function in graph.library.function for node in function.node_def)
    for node in [*graph.node, *in_functions]:
        for value in node.attr.values():
            for called in [value.func, *value.list.func]:
                if called.name in names:
                    called.name = names[called.name]


def _add(graph, traced, tensors):
    """Adds a GraphDef to the current graph.

    Args:
      traced: the ConcreteFunction that it was made from.
      tensors: its arguments.
    Returns: its outputs.
    """
    with tf.init_scope():  # else only the current graph would know the functions
        library = tf.compat.v1.GraphDef(library=graph.library, versions=graph.versions)
        tf.graph_util.import_graph_def(library, name="")
    present = tf.compat.v1.get_default_graph()
    captured = [present.capture(tensor) for tensor in traced.captured_inputs]
    outputs = tf.graph_util.import_graph_def(
        graph,
        {source.name: tensor for source, tensor in zip(traced.inputs, [*tensors, *captured])},
        [output.name for output in traced.outputs],
        name="step",
    )
    for output, known in zip(outputs, traced.outputs):
        output.set_shape(known.shape)
    return tf.nest.pack_sequence_as(traced.structured_outputs, outputs)
