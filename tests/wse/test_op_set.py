"""Our graphs hold no operation that Cerebras' compiler has not seen."""

import pytest
import tensorflow as tf

from tests.wse import runs
from train.optim import optimizer
from train.wse import known_operations, layers, report

pytestmark = pytest.mark.skipif(
    not tf.__version__.startswith("2.2."), reason="only TensorFlow 2.2 makes the container's graph"
)
RATES = {"dropout_rate": 0.1, "attention_dropout_rate": 0.1, "cls_dropout_rate": 0.1}


def build(mode, optimizer=None, **model):
    """The graph of one layer: a second one has no other operations."""
    params = runs.modelzoo_config(model={"num_hidden_layers": 1, **model}, optimizer=optimizer)
    return report.build(params, mode, 4, 16)


@pytest.mark.parametrize("mixed", ["float16", False])
@pytest.mark.parametrize("mode", ["train", "eval", "infer"])
def test_every_operation_is_known(mode, mixed):
    graph = build(mode, {"use_bias_correction": True}, mixed_precision=mixed, **RATES)
    assert known_operations.unknown_operations(graph, mode) == {}
    types = {op.type for op in known_operations._operations(graph)}
    if mode == "train":
        # Nothing is missing that such a graph must have, function bodies included.
        assert {"RandomUniform", "UnsortedSegmentSum", "TanhGrad", "AssignVariableOp"} <= types
        assert {"If", "IsFinite"} <= types or not mixed


def test_a_stranger_is_named_with_the_line_it_came_from(monkeypatch):
    monkeypatch.setattr(layers.WseLayers, "gelu", layers.Layers.gelu_erf)
    graph = build("train", mixed_precision="float16")
    found = known_operations.unknown_operations(graph, "train")
    assert set(found) == {"Erf", "Exp", "IdentityN"}  # the last one is of tf.custom_gradient
    file, line = found["Erf"].split(":")
    assert file == "train/model/derivatives.py"
    with open(file) as code:
        assert "tf.math.erf" in code.read().splitlines()[int(line) - 1]


def test_a_stranger_in_a_branch_is_found_too(monkeypatch):
    monkeypatch.setitem(
        optimizer._UPDATES, "adamw", lambda value, slots, *_: (tf.math.ceil(value), slots)
    )
    graph = build("train", mixed_precision="float16")
    assert set(known_operations.unknown_operations(graph, "train")) == {"Ceil"}


def test_without_segment_embeddings_their_variable_is_not_there():
    graph = build("infer", use_segment_embedding=False)
    names = {op.name for op in graph.get_operations() if op.type == "VarHandleOp"}
    assert "position_embedding/position_embedding_weights" in names
    assert not any("segment" in name for name in names)
