import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from shared import config
from shared.config import InputConfig, ModelConfig, OptimizerConfig, RunConfig, Schedule
from shared.manifest import Manifest, Vocabulary
from tests.inputs import GOLDEN
from tests.train import runs
from train.checkpoints import model_dir, tensors
from train.model import variables
from train.pretrained.read import read


def constant(rate):
    return (Schedule("Constant", {"learning_rate": rate}),)


@pytest.fixture
def tiny():
    """A function: changes per section -> a Config with nothing unset, of a 2-layer BERT."""

    def make(**sections):
        inputs = InputConfig(**{"batch_size": 8, **sections.pop("train_input", {})})
        optimizer = {"learning_rate": constant(1e-3), "epsilon": 1e-6}
        made = config.Config(
            train_input=inputs,
            eval_input=dataclasses.replace(inputs, **sections.pop("eval_input", {})),
            predict_input=inputs,
            model=ModelConfig(
                **{
                    "hidden_size": 32,
                    "num_heads": 2,
                    "num_hidden_layers": 2,
                    "filter_size": 64,
                    "max_position_embeddings": 40,
                    "vocab_size": 64,
                    "num_cls_classes": 2,
                    "layer_norm_epsilon": 1e-5,
                    "encoder_nonlinearity": "gelu",
                    **sections.pop("model", {}),
                }
            ),
            optimizer=OptimizerConfig(**{**optimizer, **sections.pop("optimizer", {})}),
            runconfig=RunConfig(
                **{"tf_random_seed": 7, "xla": False, **sections.pop("runconfig", {})}
            ),
        )
        assert not sections
        return made

    return make


@pytest.fixture
def train(tmp_path, demo_data):
    """A function: mode, model_dir, more arguments -> what main does; `config` changes SMALL."""

    def run(mode, model_dir, *more, config=None, data=demo_data):
        runs.run_main(mode, model_dir, tmp_path / "params.yaml", data, *more, changes=config)

    return run


@pytest.fixture
def trained(trained_once, tmp_path):
    """A copy of it, <tmp_path>/m, that a test may change."""
    return Path(shutil.copytree(trained_once, tmp_path / "m"))


@pytest.fixture
def assert_close():
    """max|difference| / max|reference| <= 1e-4; by absolute error where there is only noise."""

    def check(found, reference, name):
        reference = np.asarray(reference)
        difference, largest = np.abs(found - reference).max(), np.abs(reference).max()
        if largest < 1e-7:
            assert difference <= 1e-7, name
        else:
            assert difference / largest <= 1e-4, (name, difference / largest)

    return check


@pytest.fixture
def own(tmp_path, tiny):
    """A function: label names -> a model_dir of this program with golden weights at step 7."""

    def make(label_names):
        vocabulary = Vocabulary("bert_base_uncased", 64, "5" * 64, True, True, True, {})
        data = Manifest("mnli", {}, ("premise", "hypothesis"), 32, vocabulary, label_names, {}, {})
        outputs = len(label_names or [""])
        weights = dict(read(str(GOLDEN / "hf" / "classifier")).weights)
        weights[variables.OUTPUT + "/kernel"] = weights[variables.OUTPUT + "/kernel"][:, :outputs]
        weights[variables.OUTPUT + "/bias"] = weights[variables.OUTPUT + "/bias"][:outputs]
        slots = {f"{name}/AdamW": array for name, array in weights.items()}
        folder = tmp_path / "own"
        folder.mkdir()
        tensors.save(str(folder), 7, {**weights, **slots, "global_step": np.int64(7)}, keep=0)
        params = tiny(model={"encoder_nonlinearity": "gelu_erf", "layer_norm_epsilon": 1e-12,
                             "num_cls_classes": outputs})  # fmt: skip
        model_dir.write_params(str(folder), params, data, "random weights", "cpu")
        return folder

    return make


@pytest.fixture
def copy_of(tmp_path):
    """A function: a golden folder -> a copy that a test may change."""

    def copy(folder):
        return Path(shutil.copytree(folder, tmp_path / folder.name))

    return copy


@pytest.fixture
def changed(copy_of):
    """A function: {tensor: array or None} -> a copy of hf/pretrained with those changed or gone."""

    def change(tensors, folder="pretrained"):
        found = copy_of(GOLDEN / "hf" / folder)
        path = found / "model.safetensors"
        content = {**load_file(path), **tensors}
        save_file({name: array for name, array in content.items() if array is not None}, path)
        return str(found)

    return change
