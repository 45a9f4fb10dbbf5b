import shutil
from pathlib import Path

import numpy as np
import pytest

import inference
from shared import config, vocab
from shared.config import InputConfig, ModelConfig, OptimizerConfig, RunConfig, Schedule
from shared.manifest import Manifest, Vocabulary
from tests.inputs import GOLDEN
from tests.train import runs
from train.checkpoints import tensors
from train.checkpoints.model_dir import write_params
from train.model import variables

CONFIG = {"runconfig": {"max_steps": 60, "save_checkpoints_steps": 60}}


@pytest.fixture(scope="session")
def trained(tmp_path_factory, demo_data):
    """The model_dir of 60 steps on the demo's data, with predict_validation.jsonl, far from it."""
    folder = tmp_path_factory.mktemp("trained")
    for mode, more in (("train", ()), ("predict", ("--split", "validation"))):
        runs.run_main(mode, folder / "m", folder / "p.yaml", demo_data, *more, changes=CONFIG)
    return folder / "m"


@pytest.fixture
def model_dir(trained, tmp_path):
    """A copy of it that a test may change; its dataset and configuration are elsewhere."""
    return Path(shutil.copytree(trained, tmp_path / "moved"))


@pytest.fixture(scope="session")
def model(trained):
    loaded = inference.load(str(trained))
    loaded.logits(["a"])  # the first answer comes without a graph, with other last bits
    return loaded


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A function: label names or None, text columns, length -> a model_dir, far from any dataset.

    Its vocabulary is that of the golden texts, its weights are random, its step is 7.
    """

    def make(label_names, columns, length):
        folder = tmp_path_factory.mktemp("made")
        words = vocab.read(str(GOLDEN / "tokenization_small_vocab.txt"))
        model = ModelConfig(
            hidden_size=32, num_heads=2, num_hidden_layers=2, filter_size=64,
            max_position_embeddings=128, vocab_size=len(words.pieces),
            num_cls_classes=len(label_names or [""]), layer_norm_epsilon=1e-12,
            encoder_nonlinearity="gelu_erf" if label_names else "gelu",
            mixed_precision="bfloat16",
        )  # fmt: skip
        rate = (Schedule("Constant", {"learning_rate": 1e-3}),)
        inputs = InputConfig(batch_size=8, data_dir=None)
        params = config.Config(
            inputs, inputs, inputs, model, OptimizerConfig(rate), RunConfig(tf_random_seed=7)
        )
        described = Vocabulary("golden", len(words.pieces), words.sha256,
                               **vocab.rules_of(words), special_ids={})  # fmt: skip
        data = Manifest("mine", {}, columns, length, described, label_names, {}, {})
        write_params(str(folder), params, data, "/models/bert-tiny", {})
        vocab.write(str(folder), words)
        random = np.random.default_rng(1)
        weights = {
            spec.name: random.normal(spec.initial == "ones", 0.3, spec.shape).astype(np.float32)
            for spec in variables.table(model)
        }
        tensors.save(str(folder), 7, {**weights, "global_step": np.int64(7)}, keep=0)
        return folder

    return make
