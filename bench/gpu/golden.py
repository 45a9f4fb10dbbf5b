"""Step golden: the numbers of the Cerebras Model Zoo, in each precision, with XLA and without.

tests/golden/modelzoo holds them, computed in float32: a tiny classifier's logits, loss and
gradients, and four steps of AdamW (tests/train/test_golden.py). A job: {"small", "is_tf32": whether
products in float32 may be TF32's, "runs": [[dtype, whether XLA compiles], ...]}.

An error is |found - expected| / |expected|, both Euclidean norms over all values together.
"""

import tempfile

from bench.gpu import device, row
from bench.gpu.row import judge

_FOLDER = "tests/golden/modelzoo"
_FEATURES = ("input_ids", "input_mask", "segment_ids")
_STEPS = 4
# The run that gave the numbers: learning rate 0 -> 0.01 in two steps, then constant.
_RAMP = {"scheduler": "Linear", "initial_learning_rate": 0.0, "end_learning_rate": 0.01,
         "steps": 2}  # fmt: skip
_FLAT = {"scheduler": "Constant", "learning_rate": 0.01}
# {precision: the largest errors of logits and loss, of gradients, and after four steps}. Rounding
# is 2^-24, 2^-11 (TF32 and float16) and 2^-9. AdamW steps by the sign of a gradient near zero, and
# rounding may turn it: four steps at this learning rate multiply errors by 10 to 100.
_LIMITS = {
    "float32": (1e-5, 1e-5, 1e-3),
    "float32 with TF32": (2e-3, 1e-2, 0.1),
    "float16": (2e-3, 1e-2, 0.1),
    "bfloat16": (2e-2, 0.1, 0.6),
}


def main(job: dict) -> None:
    device.begin(job)
    import tensorflow as tf

    tf.config.experimental.enable_tensor_float_32_execution(job["is_tf32"])
    for dtype, use_xla in job["runs"]:
        name = dtype + (" with TF32" if job["is_tf32"] else "")
        label = f"{name}, XLA {'on' if use_xla else 'off'}"
        forward, backward, after = _LIMITS[name]
        logits, loss, gradients = _one_pass(dtype, use_xla)
        judge(f"{label}: logits", logits, forward)
        judge(f"{label}: loss", loss, forward)
        judge(f"{label}: gradients", gradients, backward)
        losses, weights = _four_steps(dtype, use_xla)
        judge(f"{label}: losses of four steps", losses, after)
        judge(f"{label}: weights after them", weights, after)


def _params(dtype, use_xla):
    from shared.config import Config, InputConfig, ModelConfig, OptimizerConfig, RunConfig
    from shared.config.schedules import parse_learning_rate

    inputs = InputConfig(batch_size=6)
    model = ModelConfig(
        hidden_size=32,
        num_heads=2,
        num_hidden_layers=2,
        filter_size=64,
        max_position_embeddings=40,
        vocab_size=64,
        num_cls_classes=2,
        layer_norm_epsilon=1e-5,
        encoder_nonlinearity="gelu",
        mixed_precision=False if dtype == "float32" else dtype,
    )
    optimizer = OptimizerConfig(
        learning_rate=parse_learning_rate([_RAMP, _FLAT]),
        weight_decay_rate=0.01,
        max_gradient_norm=1.0,
        epsilon=1e-6,
    )
    run = RunConfig(max_steps=_STEPS, tf_random_seed=7, xla=use_xla)
    return Config(inputs, inputs, inputs, model, optimizer, run)


def _weights(model):
    from train.checkpoints import tensors
    from train.model import variables

    names = [spec.name for spec in variables.table(model)]
    return tensors.read(f"{_FOLDER}/classifier.ckpt", names)


def _one_pass(dtype, use_xla) -> tuple:
    """Errors of logits, loss and gradients."""
    import numpy as np
    import tensorflow as tf

    from train.gpu.layers import layers_of_device
    from train.model import classifier

    expected, model = dict(np.load(f"{_FOLDER}/expected.npz")), _params(dtype, use_xla).model
    weights = {name: tf.constant(value) for name, value in _weights(model).items()}
    features = {name: tf.constant(expected[name]) for name in _FEATURES}
    scale = 2.0**15 if dtype == "float16" else 1.0

    @tf.function(jit_compile=use_xla)
    def run(weights, features, labels):
        with tf.GradientTape() as tape:
            tape.watch(weights)
            layers = layers_of_device(use_xla)(tf.as_dtype(dtype))
            logits = classifier.logits(weights, features, model, layers)
            loss = tf.reduce_mean(classifier.losses(logits, labels))
            scaled = loss * scale
        gradients = tape.gradient(scaled, weights)
        return logits, loss, {k: tf.convert_to_tensor(g) / scale for k, g in gradients.items()}

    logits, loss, gradients = run(weights, features, tf.constant(expected["labels"]))
    return (
        _error([logits], [expected["logits"]]),
        _error([loss], [expected["loss"]]),
        _error(gradients.values(), [expected[f"grad/{name}"] for name in gradients]),
    )


def _four_steps(dtype, use_xla) -> tuple:
    """Errors of the losses of four steps and of the weights after them."""
    import numpy as np
    import tensorflow as tf

    from bench.gpu.taken import Steps
    from train.gpu import estimator as gpu

    given, expected = np.load(f"{_FOLDER}/expected.npz"), dict(np.load(f"{_FOLDER}/train4.npz"))
    batch = {name: given[name] for name in _FEATURES}, given["labels"]
    params = _params(dtype, use_xla)
    with tempfile.TemporaryDirectory() as folder:
        estimator = gpu.Estimator(params, folder, _weights(params.model))
        steps = Steps(estimator, tf.data.Dataset.from_tensors(batch).repeat())
        losses = np.array([steps.take(1).loss for _ in range(_STEPS)])
        found = estimator._state.tensors()
    of_losses = _error([losses], [expected.pop("losses")])
    return of_losses, _error([found[name] for name in expected], expected.values())


def _error(found, expected) -> float:
    """Args: tensors of the same shapes."""
    import numpy as np

    difference, size = 0.0, 0.0
    for one, other in zip(found, expected, strict=True):
        difference += np.sum(np.square(np.asarray(one, np.float64) - other))
        size += np.sum(np.square(other, dtype=np.float64))
    return float(np.sqrt(difference / size))


if __name__ == "__main__":
    row.main(main)
