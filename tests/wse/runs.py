"""Configurations of a small BERT, trainings with them, and what they leave."""

import json

import numpy as np
import tensorflow as tf
import yaml

from shared import config
from shared.config import InputConfig, ModelConfig, OptimizerConfig, RunConfig, Schedule
from train import run
from train.checkpoints import files, tensors

# Of tests/wse/dataset.py's records; float32, no dropout and no shuffling, so that both backends
# compute the same.
SMALL = {
    "train_input": {"batch_size": 8, "shuffle": False},
    "eval_input": {"batch_size": 8},
    "model": {
        "hidden_size": 32, "num_heads": 2, "num_hidden_layers": 1, "filter_size": 64,
        "max_position_embeddings": 40,
    },
    "optimizer": {
        "learning_rate": 1e-3, "weight_decay_rate": 0.01, "max_gradient_norm": 1.0,
        "use_bias_correction": True,
    },
    "runconfig": {
        "max_steps": 4, "save_checkpoints_steps": 2, "save_summary_steps": 1, "tf_random_seed": 3,
    },
}  # fmt: skip
MIXED = {
    "model": {
        "mixed_precision": True, "dropout_rate": 0.1, "attention_dropout_rate": 0.1,
        "cls_dropout_rate": 0.1,
    },
}  # fmt: skip


def write_yaml(path, changes=None):
    """SMALL with other values, {section: {key: value}}, in the file `path`."""
    changes = changes or {}
    content = {
        name: {**SMALL.get(name, {}), **changes.get(name, {})} for name in {**SMALL, **changes}
    }
    path.write_text(yaml.safe_dump(content))


def arguments(mode, model_dir, params, data, *more, backend="wse"):
    """Arguments of train.run."""
    return [
        *("--mode", mode, "--params", str(params), "--backend", backend),
        *("--model_dir", str(model_dir), "--data_dir", str(data), *map(str, more)),
    ]


def main(mode, model_dir, params, data, *more):
    """Runs the trainer in this process, with the backend wse."""
    run.main(arguments(mode, model_dir, params, data, *more))


def modelzoo_config(model=None, optimizer=None, runconfig=None):
    """The configuration of golden/modelzoo with changes, nothing unset; four steps."""
    inputs = InputConfig(batch_size=6)
    sizes = {
        "hidden_size": 32, "num_heads": 2, "num_hidden_layers": 2, "filter_size": 64,
        "max_position_embeddings": 40, "vocab_size": 64, "num_cls_classes": 2,
        "layer_norm_epsilon": 1e-5, "encoder_nonlinearity": "gelu",
    }  # fmt: skip
    rates = (
        Schedule("Linear", {"initial_learning_rate": 0.0, "end_learning_rate": 0.01, "steps": 2}),
        Schedule("Constant", {"learning_rate": 0.01}),
    )
    given = {"learning_rate": rates, "weight_decay_rate": 0.01, "epsilon": 1e-6}
    return config.Config(
        train_input=inputs,
        eval_input=inputs,
        predict_input=inputs,
        model=ModelConfig(**{**sizes, **(model or {})}),
        optimizer=OptimizerConfig(**{**given, "max_gradient_norm": 1.0, **(optimizer or {})}),
        runconfig=RunConfig(**{"save_summary_steps": 1, **(runconfig or {})}),
    )


def weights(model_dir, step=None):
    """Everything a checkpoint holds, the newest or that of a step; {name: array}."""
    newest = files.newest_first(str(model_dir))[0]
    path = newest if step is None else str(model_dir / f"model.ckpt-{step}")
    return tensors.read(path, [name for name, _ in tf.train.list_variables(path)])


def logged(model_dir, tag):
    """{step: value} of a tag in TensorBoard's files, of either version of TensorFlow."""
    found = {}
    for path in map(str, model_dir.glob("events*")):
        for event in tf.compat.v1.train.summary_iterator(path):
            for value in event.summary.value:
                if value.tag == tag:
                    has_tensor = value.HasField("tensor")
                    number = tf.make_ndarray(value.tensor) if has_tensor else value.simple_value
                    found[event.step] = float(number)
    return found


def predictions(model_dir, split="test"):
    """[N, classes], the probabilities of predict_<split>.jsonl."""
    lines = (model_dir / f"predict_{split}.jsonl").read_text().splitlines()
    return np.array([list(json.loads(line)["probabilities"].values()) for line in lines])
