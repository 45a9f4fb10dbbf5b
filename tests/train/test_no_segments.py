"""Models without segment embeddings, as the Model Zoo's configuration of RoBERTa makes them."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from shared.errors import UserError
from tests.inputs import GOLDEN
from tests.train.runs import weights
from tests.train.tf_files import load_tf, save_tf
from train import convert
from train.model import classifier, variables
from train.model.layers import Layers
from train.pretrained import fit
from train.pretrained.read import read

SEGMENTS = variables.SEGMENT_EMBEDDINGS
WITHOUT = {"use_segment_embedding": False, "disable_nsp": True}


@pytest.fixture
def pretrained(tmp_path):
    """A Model Zoo checkpoint without them."""
    stored = load_tf(str(GOLDEN / "modelzoo" / "pretrained" / "model.ckpt-1000"))
    del stored[SEGMENTS]
    path = str(tmp_path / "source" / "model.ckpt-0")
    save_tf(path, stored)
    return path


def test_a_checkpoint_without_them_loads(pretrained, tiny):
    found = read(pretrained)
    assert not found.use_segment_embedding
    model = tiny(model=WITHOUT).model
    given, new = fit.initial_weights(model, found)
    assert len(given) == 36 and SEGMENTS not in (*given, *new)
    with pytest.raises(UserError, match=f"{SEGMENTS}: missing"):
        fit.initial_weights(dataclasses.replace(model, use_segment_embedding=True), found)


def test_the_logits_are_those_of_embeddings_of_0(tiny):
    model = tiny().model
    stored = read(str(GOLDEN / "modelzoo" / "classifier.ckpt")).weights
    zeros = {**stored, SEGMENTS: np.zeros_like(stored[SEGMENTS])}
    without = {name: array for name, array in stored.items() if name != SEGMENTS}
    expected = dict(np.load(str(GOLDEN / "modelzoo" / "expected.npz")))
    names = ("input_ids", "input_mask", "segment_ids")
    features = {name: tf.constant(expected[name], tf.int32) for name in names}
    layers = Layers(tf.float32)
    logits = [classifier.logits(of, features, model, layers) for of in (stored, zeros, without)]
    np.testing.assert_array_equal(logits[1], logits[2])
    assert np.abs(logits[0] - logits[2]).max() > 1e-4


def test_trained_evaluated_and_converted(train, tmp_path, capsys):
    config = {"model": WITHOUT, "runconfig": {"max_steps": 2}}
    folder = tmp_path / "m"
    train("train", folder, config=config)
    train("train", folder, "--max_steps", 3, config=config)
    assert SEGMENTS not in weights(folder, 3) and len(weights(folder, 3)) > 24
    train("eval", folder, config={"runconfig": {"max_steps": 3}})  # the folder decides
    for form in ("modelzoo", "huggingface"):
        convert.main([str(folder), str(tmp_path / form), "--to", form])
    assert not read(str(tmp_path / "modelzoo")).use_segment_embedding
    # transformers' BERT always has them.
    written = read(str(tmp_path / "huggingface")).weights
    np.testing.assert_array_equal(written.pop(SEGMENTS), np.zeros((2, 32), np.float32))
    for name, array in written.items():
        np.testing.assert_array_equal(array, weights(folder, 3)[name], err_msg=name)
