"""`make compile`: the steps of a run, built and compiled before it, without data."""

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys

import pytest
import tensorflow as tf
import yaml

from shared.config import ModelConfig
from shared.errors import UserError
from shared.manifest_file import read_manifest
from tests.inputs import ROOT
from tests.train import runs
from tests.train.test_input_fn import split_of
from train.data import input_fn
from train.gpu import xla_cache
from train.gpu.xla_functions import StepFunction
from train.model import classifier, flops, variables
from train.model.layers import Layers

COMPILED = {"runconfig": {"xla": True}}
# The model of runs.SMALL.
LAYER = ModelConfig(
    hidden_size=32, num_heads=2, num_hidden_layers=1, filter_size=64, max_position_embeddings=40,
    num_cls_classes=2,
)  # fmt: skip


@pytest.fixture
def no_shards(data_copy):
    """The demo's dataset without a record."""
    for split in ("train", "validation", "test"):
        shutil.rmtree(data_copy / split)
    return data_copy


def rows(out, kind):
    """[(shape, GFLOP per step)] of the table."""
    found = re.findall(rf"^{kind}  +(\d.*?\d)  +([\d.,]+)(?: .*)?$", out, re.MULTILINE)
    return [(shape, float(gflop)) for shape, gflop in found]


def test_the_operations_of_a_step_by_hand():
    model = dataclasses.replace(LAYER, num_hidden_layers=3)
    # 8 x 24 tokens. In a layer: 4 projections 192 x 32 x 32, scores and sums 8 x 24 x 24 x 32, and
    # 2 products 192 x 32 x 64; then the pooler 8 x 32 x 32 and the output 8 x 32 x 2.
    layer = 2 * (4 * 196_608 + 2 * 147_456 + 2 * 393_216)
    # In the last one 8 tokens ask: 2 projections 8 x 32 x 32; the kernels of key and value in 2
    # heads of 8 x 32 x 16; scores and sums 8 x 2 x 24 x 32; and 2 products 8 x 32 x 64.
    last = 2 * (2 * 8_192 + 2 * 8_192 + 2 * 12_288 + 2 * 16_384)
    assert flops.forward(model, 8, 24) == 2 * layer + last + 2 * (8_192 + 512)
    assert flops.train(model, 8, 24) == 3 * flops.forward(model, 8, 24)


def test_the_operations_are_those_of_the_graph(tiny):
    model = tiny(model=dict.fromkeys(("dropout_rate", "cls_dropout_rate"), 0.0)).model
    weights = {spec.name: tf.zeros(spec.shape) for spec in variables.table(model)}

    @tf.function(autograph=False)
    def step(ids):
        features = dict.fromkeys(("input_ids", "input_mask", "segment_ids"), ids)
        with tf.GradientTape() as tape:
            tape.watch(weights)
            scores = classifier.logits(weights, features, model, Layers(tf.float32))
        return tape.gradient(scores, weights)

    graph = step.get_concrete_function(tf.TensorSpec([4, 24], tf.int32)).graph
    assert sum(map(operations, graph.get_operations())) == flops.train(model, 4, 24)


def operations(node):
    """Those of a node in a graph that is a matrix product; 2 for each value and each term of it."""
    axes = {"MatMul": "transpose_a", "BatchMatMulV2": "adj_x"}
    if node.type not in axes:
        assert "MatMul" not in node.type
        return 0
    terms = node.inputs[0].shape[-2 if node.get_attr(axes[node.type]) else -1]
    # Biases and layer norms get their gradients by products with a row of ones, see derivatives.py.
    is_sum = node.outputs[0].shape[0] == 1
    return 0 if is_sum else 2 * node.outputs[0].shape.num_elements() * terms


@pytest.mark.parametrize(
    "lengths, batch_size, expected",
    [
        ([3, 9, 9, 30, 31], 1, [8, 16, 32]),  # nobody needs 24
        ([3, 9, 9, 30, 31], 3, [16, 32]),  # 3 rows of at most 8 are not there
        ([3, 9, 9, 30, 31], 5, [32]),
        ([3, 60], 1, [8, 40]),  # truncated to 40
    ],
)
def test_the_lengths_that_some_batch_has(lengths, batch_size, expected):
    found = split_of(lengths, 40)
    assert input_fn.lengths_of_batches(found, "train", batch_size, use_xla=False) == expected
    assert set(input_fn.lengths_of_batches(found, "train", batch_size, True)) <= {*expected, 40}


def test_the_last_batch_of_an_evaluation_may_be_small():
    found = split_of([3, 9, 9, 30, 31], 40)
    found = dataclasses.replace(found, splits={"dev": found.splits["train"]})
    assert input_fn.lengths_of_batches(found, "dev", 4, use_xla=False) == [8, 16, 32]  # 4 + 1


def test_what_it_prints_without_data(train, tmp_path, no_shards, capsys):
    train("train_and_eval", tmp_path / "m", "--compile_only", data=no_shards)
    out = capsys.readouterr().out
    words = read_manifest(str(no_shards)).vocabulary.size
    # Positions, segments and a norm; the layer; pooler and output.
    others = (42 * 32 + 64) + 4 * 1056 + 64 + 2112 + 2080 + 64 + (1056 + 66)
    assert f"{words * 32 + others:,} parameters in 25 variables; matrix products in float32" in out
    assert "XLA off; devices sharing a step: 1" in out
    histogram = read_manifest(str(no_shards)).splits["train"].length_histogram
    shapes = [f"8 x {s}" for s in sorted({-(-tokens // 8) * 8 for tokens in histogram})]
    table = rows(out, "train")
    assert [shape for shape, _ in table] == shapes
    assert table[-1][1] == round(flops.train(LAYER, 8, int(shapes[-1][4:])) / 1e9, 3)
    assert rows(out, "eval")[-1][0] == f"64 x {shapes[-1][4:]}"
    assert out.splitlines()[-1] == (
        f"checked: train step ({len(table)} shapes), eval step ({len(rows(out, 'eval'))} shapes); "
        "nothing was compiled (XLA is off), no data read"
    )
    assert not (tmp_path / "m").exists()


def test_validating_compiles_nothing_and_leaves_a_training_alone(train, trained, capsys):
    before = {path: path.stat().st_mtime_ns for path in trained.rglob("*")}
    train("train_and_eval", trained, "--validate_only", config=COMPILED)
    out = capsys.readouterr().out
    assert "XLA on" in out and out.endswith("was compiled (--validate_only), no data read\n")
    assert {path: path.stat().st_mtime_ns for path in trained.rglob("*")} == before


@pytest.mark.parametrize("mode, split", [("predict", "test"), ("eval", "validation")])
def test_scoring_needs_no_trained_model(train, tmp_path, no_shards, capsys, mode, split):
    train(mode, tmp_path / "m", "--compile_only", "--split", split, data=no_shards)
    assert f"checked: {mode} step (" in capsys.readouterr().out
    assert not (tmp_path / "m").exists()


def test_parts_of_a_step_are_counted(train, tmp_path, capsys):
    config = {"train_input": {"batch_size": 2}, "optimizer": {"grad_accum_steps": 4}}
    train("train", tmp_path / "m", "--validate_only", config=config)
    shape, gflop = rows(capsys.readouterr().out, "train")[-1]
    assert shape == "4 of 2 x 24" and gflop == round(flops.train(LAYER, 8, 24) / 1e9, 3)


def test_data_without_a_labelled_split_to_score(train, tmp_path, no_shards, capsys):
    content = json.loads((no_shards / "manifest.json").read_text())
    content["splits"] = {"train": content["splits"]["train"]}
    (no_shards / "manifest.json").write_text(json.dumps(content))
    train("train_and_eval", tmp_path / "m", "--validate_only", data=no_shards)
    out = capsys.readouterr().out
    assert "no labelled split to evaluate: only training" in out
    assert "\nchecked: train step (" in out and "eval step" not in out
    with pytest.raises(UserError, match="no split 'dev'"):
        train("train_and_eval", tmp_path / "m", "--validate_only", "--split", "dev", data=no_shards)


def test_a_batch_larger_than_the_split(train, tmp_path):
    with pytest.raises(UserError, match="4000 examples, fewer than train_input.batch_size 4001"):
        train("train", tmp_path / "m", "--validate_only",
              config={"train_input": {"batch_size": 4001}})  # fmt: skip


OWN = """
import tensorflow as tf

def batches(params, rows=None):
    ids = tf.zeros([8, 24], tf.int32)
    row = {"input_ids": ids, "input_mask": ids, "segment_ids": ids}
    dataset = tf.data.Dataset.from_tensor_slices((row, tf.zeros([8], tf.int32))).repeat()
    return dataset.batch(8, drop_remainder=rows is None)

def open_batches(params):
    return batches(params, rows="any")
"""


@pytest.mark.parametrize("name, is_known", [("batches", True), ("open_batches", False)])
def test_an_own_input_fn(train, tmp_path, monkeypatch, capsys, name, is_known):
    (tmp_path / "own_shapes.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    path = f"own_shapes.{name}"
    train("train", tmp_path / "m", "--validate_only", config={"train_input": {
        "batch_size": 8, "input_fn": path}})  # fmt: skip
    out = capsys.readouterr().out
    assert [shape for shape, _ in rows(out, "train")] == (["8 x 24"] if is_known else [])
    open_one = f"unknown without the data: the batches of train_input.input_fn {path}"
    assert (open_one in out) != is_known


def test_programs_that_nobody_could_keep(train, tmp_path):
    """This process has imported TensorFlow before the cache could be named."""
    with pytest.raises(UserError, match="cannot be stored: TensorFlow was imported too early"):
        train("train", tmp_path / "m", "--compile_only", config=COMPILED)


@pytest.fixture
def fresh(monkeypatch):
    """A function: environment -> what the cache is like in a process that starts with it."""

    def start(**environment):
        monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
        for name in ("TF_XLA_FLAGS", "XLA_CACHE", "TF_CPP_MIN_LOG_LEVEL", *xla_cache.COMPILED_BY):
            monkeypatch.setenv(name, "")  # so that its value comes back in any case
            monkeypatch.delenv(name)
        for name, value in environment.items():
            monkeypatch.setenv(name, str(value))
        xla_cache.choose()

    return start


def test_the_flags_of_the_user_stay(fresh, tmp_path):
    folder = tmp_path / "a b's"
    fresh(TF_XLA_FLAGS="--tf_xla_clustering_debug", XLA_CACHE=folder)
    assert os.environ["TF_XLA_FLAGS"].startswith("--tf_xla_clustering_debug --tf_xla_persistent")
    assert os.path.dirname(xla_cache.folder()) == str(folder) and not folder.exists()
    own = "--tf_xla_persistent_cache_directory=/own --tf_xla_clustering_debug"
    fresh(TF_XLA_FLAGS=own, XLA_CACHE=folder)
    assert os.environ["TF_XLA_FLAGS"] == own
    assert xla_cache.folder() == "/own" and xla_cache.why_none() is None


def test_programs_of_other_flags_are_kept_apart(fresh, tmp_path):
    folders = set()
    for flags in ({}, {"XLA_FLAGS": "--xla_gpu_deterministic_ops=true"},
                  {"TF_DETERMINISTIC_OPS": "1"}, {"NVIDIA_TF32_OVERRIDE": "0"}):  # fmt: skip
        fresh(XLA_CACHE=tmp_path, **flags)
        folders.add(xla_cache.folder())
    assert len(folders) == 4


@pytest.mark.parametrize(
    "cache, flags, reason",
    [
        ("", "", "XLA_CACHE is empty"),
        ("{file}/xla", "", "{file}/xla cannot be written to; choose another folder with XLA_CACHE"),
        ('{file}"', "", "{file}\" has a character that TensorFlow's flags do not allow"),
        ("{file}2", "flags.txt", "TF_XLA_FLAGS is a file; give the flags themselves"),
    ],
)
def test_no_cache(fresh, tmp_path, cache, flags, reason):
    file = tmp_path / "file"
    file.touch()
    fresh(XLA_CACHE=cache.format(file=file), TF_XLA_FLAGS=flags)
    assert xla_cache.folder() is None
    assert xla_cache.why_none().startswith(reason.format(file=file))
    assert os.environ["TF_XLA_FLAGS"] == flags


@pytest.mark.parametrize("shared_folder", [".", "xla"])
def test_no_cache_where_others_can_write(fresh, tmp_path, shared_folder):
    cache, folder = tmp_path / "xla", tmp_path / shared_folder
    cache.mkdir()
    folder.chmod(0o777)
    fresh(XLA_CACHE=cache)
    assert xla_cache.folder() is None and "TF_XLA_FLAGS" not in os.environ
    assert xla_cache.why_none() == (
        f"others can write to {folder}, and what is in {cache} is run; choose another folder with "
        f"XLA_CACHE, or take their right away (chmod go-w {folder})"
    )
    folder.chmod(0o755)
    fresh(XLA_CACHE=cache)
    assert os.path.dirname(xla_cache.folder()) == str(cache)


def test_a_link_to_the_cache_is_followed_once(fresh, tmp_path):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "link").symlink_to(tmp_path / "own")
    fresh(XLA_CACHE=tmp_path / "shared" / "link")
    assert os.path.dirname(xla_cache.folder()) == str(tmp_path / "own")


def test_a_full_disk_stores_no_programs(fresh, tmp_path, monkeypatch):
    monkeypatch.setattr(xla_cache, "_NEEDED_BYTES", 2**62)  # more than any disk has
    fresh(XLA_CACHE=tmp_path)
    assert xla_cache.folder() is None
    assert xla_cache.why_none() == f"{tmp_path} has less than {2**42} MiB of free space"


def test_damaged_programs_are_removed(fresh, tmp_path, capsys):
    fresh(XLA_CACHE=tmp_path)
    folder = tmp_path / os.path.basename(xla_cache.folder())
    folder.mkdir()
    # A protocol buffer: field 1 of 3 bytes, field 2 of 200.
    whole = b"\x0a\x03abc\x12\xc8\x01" + bytes(200)
    for name, content in {"a": whole, "b": whole[:-1], "c": b"", "d": b"\xff" * 50}.items():
        (folder / f"{name}.pb").write_bytes(content)
    fresh(XLA_CACHE=tmp_path)
    assert [path.name for path in folder.iterdir()] == ["a.pb"] and xla_cache.programs() == 1
    assert capsys.readouterr().out.count("it is incomplete") == 3


def test_a_step_function_gives_the_same_with_xla():
    total = tf.Variable(1.0)
    double = tf.function(lambda x: 2.0 * x)

    def add(x):
        total.assign_add(tf.reduce_sum(x))

    def compute(x, parts):
        tf.cond(x[0, 0] > 0, lambda: add(x), lambda: None)
        return {"sum": [tf.reduce_sum(double(x)) + total + parts["a"]]}

    specs = (tf.TensorSpec([None, 2]), {"a": tf.TensorSpec([])})
    results = []
    for use_xla in (False, True):
        step = StepFunction(compute, specs, use_xla)
        total.assign(1.0)
        inputs = [(tf.ones([rows, 2]), {"a": tf.constant(0.5)}) for rows in (1, 3, 1)]
        results.append([step(*given)["sum"][0].numpy() for given in inputs])
        assert step.programs() == (2 if use_xla else 0)  # of 1 and of 3 rows
    # 2 * 2 + (1 + 2) + 0.5; 2 * 6 + (3 + 6) + 0.5; 2 * 2 + (9 + 2) + 0.5
    assert results == [[7.5, 21.5, 15.5]] * 2


# Several runs in one process.
PROGRAM = """
import sys
from train import run
for arguments in sys.argv[1:]:
    run.main(arguments.split())
"""


@pytest.mark.long
def test_training_compiles_nothing_anew(tmp_path, demo_data):
    """What was compiled is found in another process, after other work and with another seed; not
    with another model."""

    def line(name, mode, *more, **model):
        # Little dropout: XLA's random numbers take long to compile.
        model = {"dropout_rate": 0.0, "attention_dropout_rate": 0.0, **model}
        changes = {**COMPILED, "model": model, "train_input": {"batch_size": 64}}
        params = tmp_path / f"{name}.yaml"
        params.write_text(yaml.safe_dump(runs.configuration(changes)))
        given = runs.arguments(mode, tmp_path / name, params, demo_data, *more)
        return " ".join(given)

    environment = {**os.environ, "XLA_CACHE": str(tmp_path / "xla")}
    environment.pop("TF_CPP_MIN_LOG_LEVEL")

    def process(*lines):
        finished = subprocess.run(
            [sys.executable, "-c", PROGRAM, *lines], cwd=ROOT, capture_output=True, text=True,
            env=environment, timeout=300,
        )  # fmt: skip
        assert (finished.returncode, finished.stderr) == (0, "")
        return finished.stdout

    first = process(line("m", "train_and_eval", "--compile_only"))
    (folder,) = (tmp_path / "xla").iterdir()
    shapes = len(rows(first, "train")) + len(rows(first, "eval"))
    files = {path.name for path in folder.iterdir()}
    assert first.count("  compiled\n") == shapes and len(files) == shapes + 1  # and the update
    assert first.splitlines()[-1] == (
        f"compiled: train step ({len(rows(first, 'train'))} shapes), eval step "
        f"({len(rows(first, 'eval'))} shapes); {shapes + 1} of {shapes + 1} XLA programs are new "
        f"in {folder}, no data read"
    )
    second = process(
        line("n", "train", "--max_steps", "1", filter_size=32),
        line("m", "train_and_eval", "--max_steps", "2", "--seed", "5"),
    )
    reports = re.findall(r"XLA: (\d+) of (\d+) programs came from .*, (\d+) were", second)
    assert reports[0] == ("0", "2", "2")
    found, run, new = reports[1]
    assert int(run) > 2 and (found, new) == (run, "0")
    assert len(list(folder.iterdir())) == len(files) + 2


def test_the_target_of_make():
    def command(*arguments):
        finished = subprocess.run(
            ["make", "-n", "compile", *arguments], cwd=ROOT, capture_output=True, text=True
        )
        assert finished.returncode == 0
        return finished.stdout.split()

    assert "--compile_only" in command() and "--validate_only" not in command()
    checked = command("ARGS=--max_steps 4 --validate_only", "CHECKPOINT=there")
    assert "--compile_only" not in checked and "--validate_only" in checked
    assert '"there"' in checked
