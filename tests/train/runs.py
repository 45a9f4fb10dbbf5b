"""Short trainings on the demo's data, and what they leave."""

import numpy as np
import tensorflow as tf
import yaml

from train import run
from train.checkpoints import files, tensors

SMALL = {
    "train_input": {"batch_size": 8},
    "eval_input": {"batch_size": 64},
    "model": {
        "hidden_size": 32, "num_heads": 2, "num_hidden_layers": 1, "filter_size": 64,
        "max_position_embeddings": 40,
        # One dropout is enough to see that its bits follow the step; each takes time to build.
        "dropout_rate": 0.0, "attention_dropout_rate": 0.0, "cls_dropout_rate": 0.1,
    },
    "optimizer": {"learning_rate": 1e-3, "weight_decay_rate": 0.01, "max_gradient_norm": 1.0},
    "runconfig": {"max_steps": 12, "save_checkpoints_steps": 6, "save_summary_steps": 4},
}  # fmt: skip


def configuration(changes=None):
    """SMALL with other values, {section: {key: value}}."""
    changes = changes or {}
    return {name: {**SMALL.get(name, {}), **changes.get(name, {})} for name in {**SMALL, **changes}}


def arguments(mode, model_dir, params, data, *more):
    """Arguments of train.run."""
    return [
        *("--mode", mode, "--params", str(params), "--backend", "cpu"),
        *("--model_dir", str(model_dir), "--data_dir", str(data), *map(str, more)),
    ]


def run_main(mode, model_dir, params, data, *more, changes=None):
    """Writes the configuration to the file `params` and runs the trainer with it."""
    params.write_text(yaml.safe_dump(configuration(changes)))
    run.main(arguments(mode, model_dir, params, data, *more))


def newest(model_dir):
    """The path of the checkpoint that a run would go on from."""
    return files.newest_first(str(model_dir))[0]


def logged(model_dir, tag):
    """The values of a tag in TensorBoard's files, in the order of the steps."""
    (path,) = map(str, model_dir.glob("events*"))
    return [
        float(tf.make_ndarray(value.tensor))
        for event in tf.compat.v1.train.summary_iterator(path)
        for value in event.summary.value
        if value.tag == tag
    ]


def losses(model_dir):
    """The loss of each step, where every step is logged."""
    return logged(model_dir, "train/loss")


def weights(model_dir, step=None):
    """Everything a checkpoint holds, the newest or that of a step; {name: array}."""
    path = newest(model_dir) if step is None else str(model_dir / f"model.ckpt-{step}")
    return tensors.read(path, [name for name, _ in tf.train.list_variables(path)])


def assert_same_weights(found, expected):
    """Bit for bit."""
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
