import dataclasses

import numpy as np
import pytest

from shared import config
from shared.config import InputConfig, ModelConfig, OptimizerConfig, RunConfig, Schedule
from tests.train import runs


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
