"""A training starts from the weights of any checkpoint, but for the new layers."""

import os
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


@pytest.fixture
def started(tmp_path, sentences):
    """A function: checkpoint, changes of the model -> all weights before the first step."""

    def start(path, **model):
        params = tmp_path / "p.yaml"
        runs.write_yaml(params, {"model": {**TWO_LAYERS, **model}, "runconfig": {"max_steps": 1}})
        runs.main("train", tmp_path / "m", params, sentences, "--checkpoint_path", path)
        return runs.weights(tmp_path / "m", step=0)

    return start


def assert_warm_started(found, checkpoint, new):
    """All weights that the checkpoint has, too, are its own, but for those of new layers."""
    shared = {name for name in checkpoint if name in found and not name.startswith(new)}
    assert len(shared) == 41 - 2 * len(new)
    for name in shared:
        np.testing.assert_array_equal(found[name], checkpoint[name], err_msg=name)
    for layer in new:  # the checkpoint's have the same shapes
        assert not np.array_equal(found[layer + "/kernel"], checkpoint[layer + "/kernel"])


WITHOUT_EAGER = """
import sys
import tensorflow as tf
tf.compat.v1.disable_eager_execution()
from train import run
checkpoint, *arguments = sys.argv[1:]
run.main([*arguments, "--checkpoint_path", checkpoint])
run.main([*arguments, "--mode", "predict", "--validate_only"])
"""


def test_all_but_the_output_layer_comes_from_the_checkpoint(tmp_path, sentences, pretrained):
    """With eager execution off, as it may be in the container; test_tasks.py has it on."""
    params, folder = tmp_path / "p.yaml", pretrained("hf/pretrained")
    model = {**TWO_LAYERS, "mixed_precision": True}
    runs.write_yaml(params, {"model": model, "runconfig": {"max_steps": 1}})
    arguments = runs.arguments("train", tmp_path / "m", params, sentences)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_EAGER, str(folder), *arguments],
        cwd=str(ROOT),
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(STANDIN)])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )
    assert done.returncode == 0, done.stderr
    found = runs.weights(tmp_path / "m", step=0)
    assert_warm_started(found, read(str(folder)).weights, new=(variables.OUTPUT,))
    (_,) = (tmp_path / "m").glob("warm_start-*")  # what tf.estimator can read


def test_without_next_sentence_prediction_the_pooler_is_new_too(pretrained, started, tmp_path):
    folder = pretrained("modelzoo/pretrained")
    found, new = started(folder, disable_nsp=True), (variables.OUTPUT, variables.POOLER)
    assert_warm_started(found, read(str(folder)).weights, new)
    # The Model Zoo's is read where it lies.
    assert not list((tmp_path / "m").glob("warm_start*"))


def test_every_format_is_read_on_the_containers_versions(golden):
    expected = read(str(golden / "hf" / "pretrained")).weights
    found = read(str(golden / "hf" / "google_tf1")).weights
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


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


def test_a_training_of_the_erf_form_does_not_go_on(trained, tmp_path, sentences):
    """It would change a model in mid-training, and what its checkpoints mean."""
    params = tmp_path / "p.yaml"
    runs.write_yaml(params)
    kept = yaml.safe_load((trained / "params.yaml").read_text())
    kept["model"]["encoder_nonlinearity"] = "gelu_erf"
    (trained / "params.yaml").write_text(yaml.safe_dump(kept))
    with pytest.raises(UserError, match="was trained with the erf form of gelu, but wse has the"):
        runs.main("train", trained, params, sentences, "--max_steps", 6)
    assert yaml.safe_load((trained / "params.yaml").read_text()) == kept


def test_all_weights_of_a_checkpoint_are_checked(pretrained, started):
    folder = pretrained("hf/pretrained")
    with pytest.raises(UserError, match="filter_size: the checkpoint has 64, the run has 32"):
        started(folder, filter_size=32)
