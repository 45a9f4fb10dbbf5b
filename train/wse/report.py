"""What can be checked of a run on a CS system without having one: a line for each check.

A line begins with `ok`, `warning` (it will run, but look at it) or `unchecked` (unknown here).
"""

import collections
import dataclasses
from typing import Iterator, List, NamedTuple

import numpy as np
import tensorflow as tf

from shared import config, records
from shared.config import Config
from shared.config.input_sections import TRAIN_INPUT
from shared.errors import UserError
from shared.manifest import Manifest
from shared.shards import check_sizes
from shared.tasks import TRAIN_SPLIT
from train.checkpoints import tensors
from train.data import order, streaming
from train.model import precision, variables
from train.optim import loss_scale, optimizer
from train.planning.plan import Plan
from train.wse import gelu_difference, known_operations, model_fn, modelzoo_graphs, rules
from train.wse.layers import WseLayers

OK, WARNING, UNCHECKED = "ok", "warning", "unchecked"


class Line(NamedTuple):
    status: str
    text: str

    def __str__(self) -> str:
        return f"{self.status:<10}{self.text}"


def lines(plan: Plan, mode: str) -> Iterator[Line]:
    """The checks, in turn.

    Args:
      plan: not yet adapted by train/wse/rules.py.
      mode: of train/wse/model_fn.py.
    Raises:
      UserError: a fault that would stop the run.
    """
    ((section, manifest),) = plan.data.items()
    adapted = dataclasses.replace(plan, params=rules.adapted(plan.params))
    yield from _data(plan, section, manifest)
    yield from _model(adapted)
    yield _checkpoint(adapted, mode)
    yield from _gelu(plan, section, manifest)
    yield from _graph(adapted.params, mode, section, manifest)


def _data(plan, section, manifest: Manifest):
    options = getattr(plan.params, section)
    if options.input_fn:
        shape = f"int32 [{options.batch_size}, {manifest.max_sequence_length}], static"
        yield Line(OK, f"data: {section}.input_fn {options.input_fn} gives batches {shape}")
        return
    splits = [TRAIN_SPLIT] if section == TRAIN_INPUT else plan.splits
    for split in splits:
        check_sizes(options.data_dir, split, manifest)
        shards = manifest.splits[split].shards
        examples = manifest.splits[split].examples
        yield Line(
            OK,
            f"data: {manifest.task} {split}, {examples:,} examples in {len(shards)} shards, all "
            "files present with the right size",
        )
    if section == TRAIN_INPUT:
        yield from _length(plan, examples)
        yield _workers(options.batch_size, [shard.examples for shard in shards])


def _length(plan, examples):
    batch_size = plan.params.train_input.batch_size
    run = plan.params.runconfig
    steps = run.steps or run.max_steps
    per_epoch = order.steps_per_epoch(examples, order.share(batch_size, 1))
    text = f"length: {per_epoch:,} steps of {batch_size} an epoch"
    yield Line(OK, f"{text}; {steps:,} steps are {steps * batch_size / examples:.2f} epochs")


def _workers(batch_size: int, sizes: List[int]) -> Line:
    """How many input workers can fill batches, and whether each has its own shards."""
    most, shards = 1, len(sizes)
    while min(streaming.parts(sizes, most + 1)) >= batch_size:
        most += 1
    if most < shards:
        return Line(WARNING, f"workers: start at most {most}; of more, one could not fill a batch")
    return Line(
        OK,
        f"workers: {shards} shards, so up to {shards} input workers read their own files; more "
        f"(up to {most}) would each read all files and use their share",
    )


def _model(plan):
    model = plan.params.model
    specs = variables.table(model)
    parameters = sum(int(np.prod(spec.shape)) for spec in specs)
    yield Line(OK, f"model: {parameters:,} parameters in {len(specs)} variables")
    if model.mixed_precision:
        format_16 = "cbfloat16" if plan.params.csconfig.get("use_cbfloat16") else "float16"
        scaling = loss_scale.scaling(plan.params.optimizer, tf.float16)
        yield Line(
            OK,
            f"precision: products in {format_16}; weights, softmax, layer norm, loss and optimizer "
            f"in float32; loss scale {scaling}",
        )
    else:
        yield Line(WARNING, "precision: float32, in which a CS system cannot train")


def _checkpoint(plan, mode) -> Line:
    if plan.checkpoints and mode == model_fn.ModeKeys.TRAIN:
        check_can_continue(plan)
        return Line(OK, f"checkpoint: resumes from {plan.checkpoints[0]}, which has all variables")
    if plan.checkpoints:
        tensors.check_has(plan.checkpoints[0], _names(plan))
        return Line(OK, f"checkpoint: {plan.checkpoints[0]} has all variables")
    if plan.source is None:
        if mode != model_fn.ModeKeys.TRAIN:
            return Line(OK, "checkpoint: none yet; the graph is the same with any")
        return Line(WARNING, "checkpoint: none, training starts from random weights")
    total, loaded = len(_names(plan)), len(plan.source.names)
    new = f"; {total - loaded} are new" if total > loaded else ""
    text = f"checkpoint: {loaded} of {total} variables come from {plan.source.path}{new}"
    return Line(OK, text)


def _names(plan):
    return [spec.name for spec in variables.table(plan.params.model)]


def check_can_continue(plan: Plan) -> None:
    """Checks that the checkpoint to resume from has what tf.estimator will look for.

    Raises:
      UserError: lists the missing variables.
    """
    options = plan.params.optimizer
    names = [tensors.GLOBAL_STEP, *optimizer.powers(options, 0)]
    for name in _names(plan):
        names += [name, *optimizer.slot_names(name, options)]
    dtype = precision.compute_dtype(plan.params.model.mixed_precision)
    if loss_scale.scaling(options, dtype) in loss_scale.DYNAMIC:
        names += loss_scale.State._fields
    tensors.check_has(plan.checkpoints[0], names)


def _gelu(plan, section, manifest):
    if plan.params.model.encoder_nonlinearity == "gelu":
        return
    largest, size = gelu_difference.of_logits(plan, section, manifest)
    yield Line(
        WARNING,
        "gelu: the checkpoint was trained with the erf form, wse has the tanh form: on the first "
        f"batch the logits, up to {size:.3f}, differ by up to {largest:.2g}",
    )


def _graph(params: Config, mode, section, manifest):
    batch_size = getattr(params, section).batch_size
    graph = build(params, mode, batch_size, manifest.max_sequence_length)
    shape = f"[{batch_size}, {manifest.max_sequence_length}]"
    operations = len(graph.get_operations())
    yield Line(OK, f"step: {operations:,} operations in mode {mode}, batches int32 {shape}, static")
    yield _norms(params, graph)
    yield from _op_set(graph, mode)


def _norms(params, graph) -> Line:
    """A layer norm divides by sqrt(variance + epsilon); float16 has no number below 6e-8."""
    epsilon = params.model.layer_norm_epsilon
    dtypes = {op.outputs[0].dtype for op in graph.get_operations() if op.type == "Rsqrt"}
    if tf.float16 in dtypes and np.float16(epsilon) == 0:
        raise UserError(
            f"model.layer_norm_epsilon {epsilon:g} is 0 in float16, in which the layer norm runs; "
            "set it to 1.0e-5"
        )
    return Line(
        OK, f"layer norm: epsilon {epsilon:g}, in {', '.join(sorted(d.name for d in dtypes))}"
    )


def _op_set(graph, mode):
    if not tf.__version__.startswith(known_operations.VERSION):
        text = (
            f"operations: this is TensorFlow {tf.__version__}; only 2.2 builds the same graph as "
            "the container (it needs Python 3.7 or 3.8: PYTHON37=<interpreter>)"
        )
        yield Line(UNCHECKED, text)
        return
    unknown_operations = known_operations.unknown_operations(graph, mode)
    for kind, place in sorted(unknown_operations.items()):
        yield Line(
            WARNING,
            f"operations: {kind}, from {place}: Cerebras' compiler is not known to accept it",
        )
    if not unknown_operations:
        yield Line(OK, "operations: all are known to be accepted by Cerebras' compiler")
    yield from _nodes(graph, mode)


# What is said of a stranger that may differ in a number only.
_PERHAPS_A_VALUE = {"Const": "a constant of another value", "If": "a branch, or a constant in one"}


def _nodes(graph, mode):
    """The graph beside the Model Zoo's, node for node."""
    found = modelzoo_graphs.compare(graph, mode)
    if found is None:
        known = modelzoo_graphs.COMPARABLE
        yield Line(UNCHECKED, f"graph: the Model Zoo's nodes are known only of {known}")
        return
    status = OK if all(op.type == "Const" for op in found.origins) else WARNING
    same = found.nodes - found.strangers
    yield Line(status, f"graph: {same:,} of {found.nodes:,} nodes are the Model Zoo's")
    for place, kinds in sorted(_places(found.origins).items()):
        what = " and ".join(_PERHAPS_A_VALUE.get(kind, kind) for kind in sorted(kinds))
        yield Line(status, f"graph: not theirs: {what}, from {place}")


def _places(operations):
    """{line of our code: the kinds of operations that it made}."""
    found = collections.defaultdict(set)
    for op in operations:
        found[known_operations.line_of(op)].add(op.type)
    return found


def build(params: config.Config, mode: str, batch_size: int, max_sequence_length: int) -> tf.Graph:
    """The graph of a mode, fed by placeholders of static shapes.

    Args: params, with nothing unset, adapted by rules.adapted.
    """
    shape = [batch_size, max_sequence_length]
    function = model_fn.make(params, WseLayers, lambda **spec: spec)
    with tf.Graph().as_default() as graph:
        features = {
            name: tf.compat.v1.placeholder(tf.int32, shape, name) for name in records.TOKEN_FEATURES
        }
        labels = tf.compat.v1.placeholder(tf.int32, [batch_size], "labels")
        spec = function(features, labels, mode, config.dump(params))
        if "host_call" in spec:
            metrics, arguments = spec["host_call"]
            metrics(*arguments)
    return graph
