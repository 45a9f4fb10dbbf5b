"""A training starts from the weights of any checkpoint, but for the new layers."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import yaml

from shared.errors import UserError
from tests.wse import runs
from tests.wse.conftest import ROOT, STANDIN
from train.model import variables
from train.pretrained.read import read
from train.wse import warm_start

TWO_LAYERS = {**runs.SMALL["model"], "num_hidden_layers": 2}
CHECKPOINTS = ("hf/pretrained", "hf/google_tf1", "modelzoo/pretrained")


@pytest.fixture
def source(golden, tmp_path):
    """A function: a golden checkpoint -> a copy without its vocabulary, which is not the data's."""

    def copy(name):
        folder = tmp_path / "source"
        shutil.copytree(str(golden / name), str(folder))
        for file in ("vocab.txt", "tokenizer_config.json"):
            if (folder / file).exists():
                (folder / file).unlink()
        return folder

    return copy


@pytest.fixture
def started(tmp_path, sentences):
    """A function: checkpoint, changes of the model -> all weights before the first step."""

    def start(path, **model):
        params = tmp_path / "p.yaml"
        runs.write_yaml(params, {"model": {**TWO_LAYERS, **model}, "runconfig": {"max_steps": 1}})
        runs.main("train", tmp_path / "m", params, sentences, "--checkpoint_path", path)
        return runs.weights(tmp_path / "m", step=0)

    return start


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_all_but_the_output_layer_comes_from_the_checkpoint(name, source, started, tmp_path):
    folder = source(name)
    found, expected = started(folder), read(str(folder)).weights
    pretrained = {spec for spec in expected if spec in found} - outputs(expected)
    assert len(pretrained) == 39
    for variable in pretrained:
        np.testing.assert_array_equal(found[variable], expected[variable], err_msg=variable)
    output = variables.OUTPUT + "/kernel"  # that of next-sentence prediction has its shape
    assert not np.array_equal(found[output], expected[output])
    # The Model Zoo's is read where it lies.
    converted = [file for file in os.listdir(str(tmp_path / "m")) if "warm_start" in file]
    assert len(converted) == (0 if name.startswith("modelzoo") else 1)


def outputs(weights):
    return {name for name in weights if name.startswith(variables.OUTPUT)}


def test_without_next_sentence_prediction_the_pooler_is_new(source, started):
    folder = source("hf/pretrained")
    found, expected = started(folder, disable_nsp=True), read(str(folder)).weights
    pooler = variables.POOLER + "/kernel"
    assert not np.array_equal(found[pooler], expected[pooler])
    words = variables.WORD_EMBEDDINGS
    np.testing.assert_array_equal(found[words], expected[words])


def test_other_weights_are_another_conversion():
    first, second = ({"a": np.float32([1, number])} for number in (2, 3))
    assert warm_start._digest(first) != warm_start._digest(second)
    assert warm_start._digest(first) == warm_start._digest({"a": np.float32([1, 2])})


def test_only_a_checkpoint_of_exactly_these_weights_is_read_where_it_lies(golden):
    """A run may use the first rows of a padded table, or the outputs in another order."""
    path = str(golden / "modelzoo" / "pretrained" / "model.ckpt-1000")
    weights, words = read(path).weights, variables.WORD_EMBEDDINGS
    assert warm_start._has(path, weights)
    for changed in (weights[words][:60], weights[words][::-1], weights[words].astype(np.float16)):
        assert not warm_start._has(path, {**weights, words: changed})
    assert not warm_start._has(path, {"a": weights[words]})


def test_a_training_of_the_erf_form_does_not_go_on(tmp_path, sentences):
    """It would change a model in mid-training, and what its checkpoints mean."""
    params, folder = tmp_path / "p.yaml", tmp_path / "m"
    runs.write_yaml(params, {"runconfig": {"max_steps": 1}})
    runs.main("train", folder, params, sentences)
    kept = yaml.safe_load((folder / "params.yaml").read_text())
    kept["model"]["encoder_nonlinearity"] = "gelu_erf"
    (folder / "params.yaml").write_text(yaml.safe_dump(kept))
    with pytest.raises(UserError, match="was trained with the erf form of gelu, but wse has the"):
        runs.main("train", folder, params, sentences, "--max_steps", 2)
    assert yaml.safe_load((folder / "params.yaml").read_text()) == kept


def test_all_weights_of_a_checkpoint_are_checked(source, started):
    folder = source("hf/pretrained")
    with pytest.raises(UserError, match="filter_size: the checkpoint has 64, the run has 32"):
        started(folder, filter_size=32)


WITHOUT_EAGER = """
import sys
import tensorflow as tf
tf.compat.v1.disable_eager_execution()
from train import run
run.main(sys.argv[1:])
run.main([*sys.argv[1:], "--validate_only"])
"""


def test_eager_execution_may_be_off_in_the_container(tmp_path, sentences, source):
    params, folder = tmp_path / "p.yaml", source("hf/pretrained")
    model = {**TWO_LAYERS, "mixed_precision": True}
    runs.write_yaml(params, {"model": model, "runconfig": {"max_steps": 1}})
    arguments = runs.arguments("train", tmp_path / "m", params, sentences)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_EAGER, *arguments, "--checkpoint_path", str(folder)],
        cwd=str(ROOT),
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(STANDIN)])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )
    assert done.returncode == 0, done.stderr
    found, expected = runs.weights(tmp_path / "m", step=0), read(str(folder)).weights
    words = variables.WORD_EMBEDDINGS
    np.testing.assert_array_equal(found[words], expected[words])
