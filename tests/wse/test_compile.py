"""make compile BACKEND=wse: the report, and what reaches Cerebras' compiler."""

import contextlib
import dataclasses
import io
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from cerebras.standin import calls

from shared import config
from shared.config import InputConfig
from shared.errors import UserError, exit_code
from shared.manifest_file import read_manifest
from tests.wse import dataset, runs
from train.model import classifier, initial_weights
from train.model.layers import Layers
from train.planning import resolve
from train.pretrained import fit
from train.pretrained.read import read
from train.wse import input_fn
from train.wse import report as wse_report
from train.wse.layers import WseLayers

ERF = {"model": {**runs.MIXED["model"], "num_hidden_layers": 2}}


@pytest.fixture
def params(tmp_path):
    """A function: changes -> a YAML of float16."""

    def write(**changes):
        runs.write_yaml(tmp_path / "p.yaml", {**runs.MIXED, **changes})
        return tmp_path / "p.yaml"

    return write


@pytest.fixture(scope="module")
def on_cs(tmp_path_factory, sentences):
    """A compile, then a training of two steps, for a CS system: (model_dir, for reading only; what
    the compile printed)."""
    folder, printed = tmp_path_factory.mktemp("on-cs"), io.StringIO()
    changes = {"csconfig": {"use_cbfloat16": True}, "runconfig": {"ir_mode": "mlir-xla"}}
    runs.write_yaml(folder / "p.yaml", {**runs.MIXED, **changes})
    arguments = ("train", folder / "m", folder / "p.yaml", sentences, "--max_steps", 2)
    with contextlib.redirect_stdout(printed):
        runs.main(*arguments, "--cs_ip", "10.0.0.1", "--compile_only")
    runs.main(*arguments, "--cs_ip", "10.0.0.1:9000")
    return folder / "m", printed.getvalue()


@pytest.fixture
def trained_on_cs(on_cs, tmp_path):
    """A copy of the model_dir that a test may change."""
    return Path(shutil.copytree(str(on_cs[0]), str(tmp_path / "m")))


def lines_of(text):
    """{subject: (status, text)} of a report's lines."""
    found = re.findall(r"^(ok|warning|unchecked) +([a-z ]+): (.*)$", text, re.MULTILINE)
    return {subject: (status, line) for status, subject, line in found}


def test_the_report_says_what_is_known(on_cs):
    _, output = on_cs
    report = lines_of(output)
    hidden, filters, positions = 32, 64, 40
    layer = 4 * hidden * hidden + 4 * hidden + 2 * hidden * filters + filters + hidden + 4 * hidden
    embeddings = (dataset.VOCABULARY_SIZE + positions + 2) * hidden + 2 * hidden
    head = hidden * hidden + hidden + 2 * hidden + 2
    assert report["model"] == ("ok", f"{embeddings + layer + head:,} parameters in 25 variables")
    assert report["length"] == ("ok", "8 steps of 8 an epoch; 2 steps are 0.23 epochs")
    assert report["data"][1].startswith("sst2 train, 70 examples in 4 shards")
    # Shards of 5, 31, 22 and 12: three workers have 17, 31 and 22; the first of four has 5.
    assert report["workers"][0] == "warning"
    assert report["workers"][1].startswith("start at most 3; ")
    assert report["precision"][1].startswith("products in cbfloat16; ")
    assert report["precision"][1].endswith("in float32; loss scale dynamic")
    assert report["checkpoint"][0] == "warning"
    assert report["step"][1].endswith("in mode train, batches int32 [8, 16], static")
    assert report["layer norm"] == ("ok", "epsilon 1e-05, in float32")
    if tf.__version__.startswith("2.2."):
        assert report["operations"][0] == "ok"
        assert report["graph"][0] == "unchecked"  # this one is too small
    assert "has compiled the graph of mode train." in output.splitlines()[-1]


def test_the_compiler_gets_what_was_asked(on_cs):
    compiled, _ = calls.read(on_cs[0])
    assert compiled["call"] == "compile" and compiled["mode"] == "train"
    assert not compiled["validate_only"] and compiled["ir_mode"] == "mlir-xla"
    assert compiled["cs_config"] == {"use_cbfloat16": True}
    shape = [[8, 16], "int32"]
    assert compiled["features"] == dict.fromkeys(["input_ids", "input_mask", "segment_ids"], shape)
    assert compiled["labels"] == [[8], "int32"]


def test_a_training_reuses_what_was_compiled(on_cs):
    compiled, trained = calls.read(on_cs[0])
    assert compiled["cs_ip"] == trained["cs_ip"] == "10.0.0.1:9000"
    assert compiled["recompiled"] and not trained["recompiled"]


def test_a_prediction_needs_no_trained_model(tmp_path, params, sentences, capsys):
    runs.main("predict", tmp_path / "m", params(), sentences, "--compile_only")
    assert (
        "ok        checkpoint: none yet; the graph is the same with any" in capsys.readouterr().out
    )
    (call,) = calls.read(str(tmp_path / "m"))
    assert call["call"] == "compile" and call["mode"] == "infer"


def test_the_schedulers_address_is_left_alone(tmp_path, params, sentences, monkeypatch):
    monkeypatch.setenv("K8S_CS_IP", "10.0.0.9:1234")
    runs.main("predict", tmp_path / "m", params(), sentences, "--compile_only")
    assert calls.read(tmp_path / "m")[0]["cs_ip"] is None


def test_an_epsilon_that_float16_turns_to_zero_is_refused(monkeypatch):
    """Should the layer norm ever run in float16: its smallest number is 6e-8."""

    def in_float16(self, x, gamma, beta, epsilon):
        mean, variance = tf.nn.moments(x, [-1], keepdims=True)
        gamma, beta = tf.cast(gamma, tf.float16), tf.cast(beta, tf.float16)
        return tf.nn.batch_normalization(x, mean, variance, beta, gamma, epsilon)

    monkeypatch.setattr(WseLayers, "normalize", in_float16)
    for epsilon in (1e-12, 1e-5):
        model = {"mixed_precision": "float16", "layer_norm_epsilon": epsilon}
        given = runs.modelzoo_config(model=model)
        graph = wse_report.build(given, "infer", 2, 8)
        if epsilon == 1e-5:
            assert wse_report._norms(given, graph).text == "layer norm: epsilon 1e-05, in float16"
            continue
        with pytest.raises(UserError, match="layer_norm_epsilon 1e-12 is 0 in float16"):
            wse_report._norms(given, graph)


def test_a_batch_that_nothing_fills_is_refused(tmp_path, params, sentences):
    with pytest.raises(UserError, match="has 70 examples, fewer than train_input.batch_size 71"):
        runs.main("train", tmp_path / "m", params(train_input={"batch_size": 71}), sentences,
                  "--validate_only")  # fmt: skip


def test_a_field_that_cerebras_does_not_know_is_one_message(tmp_path, params, sentences):
    with pytest.raises(UserError, match="csconfig: Cerebras' CSConfig rejects it: .*no_such"):
        runs.main("predict", tmp_path / "m", params(csconfig={"no_such": 1}), sentences,
                  "--validate_only")  # fmt: skip


def test_the_erf_form_of_gelu_is_a_warning_with_the_difference(
    tmp_path, params, sentences, pretrained, program
):
    """Outside the container, whose compiler alone knows the rest."""
    given, hugging_face = params(**ERF), pretrained("hf/pretrained")
    arguments = runs.arguments("train", tmp_path / "m", given, sentences, "--compile_only")
    done = program("train.run", *arguments, "--checkpoint_path", hugging_face, with_cerebras=False)
    assert done.returncode == 0, done.stderr
    assert "Only csrun_cpu can verify the rest" in done.stdout.splitlines()[-1]
    assert not (tmp_path / "m").exists()
    report = lines_of(done.stdout)
    assert report["checkpoint"][1].startswith("39 of 41 variables come from")
    assert report["checkpoint"][1].endswith("; 2 are new")
    status, text = report["gelu"]
    size, difference = map(float, re.search(r"up to (.*), differ by up to (.*)$", text).groups())
    assert status == "warning" and 0 < difference < 1e-2 * size
    assert difference == pytest.approx(_difference(hugging_face, sentences, given), rel=0.1)
    # Its epsilon of 1e-12 is no number of float16, but the norm is in float32.
    assert report["layer norm"] == ("ok", "epsilon 1e-12, in float32")


def _difference(path, folder, params):
    """By the layers of the other backend (erf) and of this one (tanh)."""
    manifest = read_manifest(folder)
    model = resolve.model(config.load(str(params), print).model, manifest, read(str(path)), print)
    pretrained, _ = fit.initial_weights(model, read(str(path)))
    values = initial_weights.create(model, 3, pretrained)
    batches = input_fn.scored_batches(InputConfig(8, folder), "train", manifest)
    features, _ = next(iter(batches))
    tanh_model = dataclasses.replace(model, encoder_nonlinearity="gelu")
    erf = classifier.logits(values, features, model, Layers(tf.float32))
    tanh = classifier.logits(values, features, tanh_model, WseLayers(tf.float32))
    return np.abs(erf - tanh).max()


def test_outside_the_container_nothing_is_trained(tmp_path, params, sentences, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "cerebras.tf", None)  # Python's way to say that there is none
    assert exit_code(lambda: runs.main("train", tmp_path / "m", params(), sentences)) == 2
    assert "runs in Cerebras' container" in capsys.readouterr().err
    assert not (tmp_path / "m").exists()


def test_scores_are_refused(tmp_path, params):
    folder = dataset.write(tmp_path, "stsb", ("a", "b"), None, {"train": (30,)})
    with pytest.raises(UserError, match="has scores, not classes"):
        runs.main("train", tmp_path / "m", params(), folder, "--validate_only")


def test_a_prediction_is_compiled_too(trained_on_cs, params, sentences, capsys):
    runs.main("predict", trained_on_cs, params(), sentences, "--validate_only")
    output = capsys.readouterr().out
    report = lines_of(output)
    assert report["data"][1].startswith("sst2 test, 10 examples")
    assert report["checkpoint"] == ("ok", f"{trained_on_cs}/model.ckpt-2 has all variables")
    assert "in mode infer" in report["step"][1] and report["operations"][0] != "warning"
    call = calls.read(trained_on_cs)[-1]
    assert call["mode"] == "infer" and call["validate_only"] and call["cs_ip"] is None
    last = "has validated up to kernel matching the graph of mode predict."
    assert last in output.splitlines()[-1]


def test_the_container_evaluates_on_its_cpu(trained_on_cs, params, sentences, capsys):
    runs.main("eval", trained_on_cs, params(), sentences)
    # 21 examples in batches of up to 8 are 3 of 7.
    assert re.search(r"eval validation: .*accuracy.*\(21 examples\)", capsys.readouterr().out)
