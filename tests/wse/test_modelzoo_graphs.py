"""Our graphs are the Model Zoo's, node for node (facts: train/wse/modelzoo_graphs.npz)."""

import functools
import re

import numpy as np
import pytest
import tensorflow as tf

from shared.config import Schedule
from tests.wse import pack_graphs, runs
from train.wse import layers, modelzoo_graphs, node_hashes, report

pytestmark = pytest.mark.skipif(
    not tf.__version__.startswith("2.2."), reason="only TensorFlow 2.2 makes the container's graph"
)
RATES = {"dropout_rate": 0.1, "attention_dropout_rate": 0.1, "cls_dropout_rate": 0.1}
BASE = {
    "hidden_size": 768, "num_heads": 12, "num_hidden_layers": 12, "filter_size": 3072,
    "max_position_embeddings": 512, "vocab_size": 30522, "mixed_precision": "float16",
}  # fmt: skip


def rising_to(rate, steps):
    """The learning rate of the Model Zoo's configurations."""
    rise = {"initial_learning_rate": 0.0, "end_learning_rate": rate, "steps": steps}
    return Schedule("Linear", rise), Schedule("Constant", {"learning_rate": rate})


@functools.lru_cache(maxsize=None)
def base(mode):
    """The graph of BERT-base on SST-2, built once."""
    params = runs.modelzoo_config(
        model={**BASE, **RATES}, optimizer={"learning_rate": rising_to(5e-5, 2000)}
    )
    return report.build(params, mode, batch_size=12, max_sequence_length=72)


@pytest.mark.parametrize("mode, nodes", [("train", "5,572"), ("infer", "1,479")])
def test_base_on_sst2(mode, nodes):
    (line,) = report._nodes(base(mode), mode)
    assert str(line) == f"ok        graph: {nodes} of {nodes} nodes are the Model Zoo's"


# The training graph has fewer by one: the Model Zoo inverts a mask that nothing reads; in a
# prediction it also reads the step.
@pytest.mark.parametrize("mode, nodes, theirs", [("train", 5572, 5573), ("infer", 1479, 1482)])
def test_all_digits_of_base_on_sst2(mode, nodes, theirs, reference):
    known = pack_graphs.read(reference("golden/modelzoo_graphs"), "bert_base_sst2")[mode]
    known = {digits.partition(":")[0] for digits in known}
    hashes = node_hashes.of_graph(base(mode))
    ours = {digits for op, digits in hashes.items() if node_hashes.is_counted(op)}
    assert ours < known and (len(ours), len(known)) == (nodes, theirs)


def test_the_facts_are_those_of_the_reference(reference):
    expected = pack_graphs.packed(reference("golden/modelzoo_graphs"))
    with np.load(modelzoo_graphs.PATH) as found:
        assert set(found.files) == set(expected)
        for name, array in expected.items():
            np.testing.assert_array_equal(found[name], array, err_msg=name)


def test_disable_nsp_changes_no_node(reference):
    folder = reference("golden/modelzoo_graphs")
    for task in ("sst2", "mnli"):
        name = f"bert_base_{task}"
        assert pack_graphs.read(folder, name) == pack_graphs.read(folder, f"{name}-disable_nsp")


def small(batch_size=4, **model):
    """The training graph of a small BERT."""
    sizes = {"num_hidden_layers": 1, "layer_norm_epsilon": 1e-5, **model}
    return report.build(runs.modelzoo_config(model=sizes), "train", batch_size, 16)


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    """What would be stored if small() were the Model Zoo's graph."""
    path = str(tmp_path_factory.mktemp("facts") / "facts.npz")
    graphs = {"small.train": node_hashes.of_graph(small()).values()}
    np.savez_compressed(path, **modelzoo_graphs.pack(graphs))
    return path


@pytest.fixture
def lines(facts, monkeypatch):
    """A function: a graph -> the lines of the report about it."""
    monkeypatch.setattr(modelzoo_graphs, "PATH", facts)
    return lambda graph: [str(line) for line in report._nodes(graph, "train")]


def test_a_stranger_is_named_with_the_line_it_came_from(lines, monkeypatch):
    monkeypatch.setattr(layers.WseLayers, "gelu", lambda self, x: tf.nn.relu(x))
    first, *others = lines(small())
    same, total = re.fullmatch(
        r"warning   graph: ([0-9,]+) of ([0-9,]+) nodes are the Model Zoo's", first
    ).groups()
    assert 0 < int(same.replace(",", "")) < int(total.replace(",", ""))
    # The origin only, not all that is computed from it.
    assert len(others) == 1
    assert re.match(r"warning   graph: not theirs: Relu, from train/model/bert.py:\d+$", others[0])


def test_another_value_is_no_other_operation(lines):
    first, other = lines(small(layer_norm_epsilon=3e-6))
    assert first.startswith("ok ") and " 0 of " not in first
    place = "train/wse/layers.py"
    assert other.startswith(
        f"ok        graph: not theirs: a constant of another value, from {place}"
    )


def test_other_shapes_are_not_compared(lines):
    (line,) = lines(small(batch_size=5))
    assert line.startswith("unchecked graph: the Model Zoo's nodes are known only of BERT-base")


def test_plumbing_does_not_count():
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, [2, 3], "x")
        plain, plumbed = tf.tanh(x + 2.0), tf.tanh(2.0 + tf.stop_gradient(tf.identity(x)) * 1.0)
        other = tf.tanh(x + 3.0)
    found = node_hashes.of_graph(graph)
    assert found[plain.op] == found[plumbed.op] != found[other.op]
