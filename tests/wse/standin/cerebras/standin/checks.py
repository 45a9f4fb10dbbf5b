"""The refusals; what each stands on is told in the docstring of `cerebras`."""

import inspect
import os

import tensorflow as tf

from cerebras.pb.stack.full_pb2 import FullConfig
from cerebras.pb.tf.csconfig_pb2 import CSConfig
from cerebras.standin import graphs
from cerebras.tf.cs_estimator_spec import CSEstimatorSpec

PORT = ":9000"
_IR_MODES = ("mlir-cirh", "mlir-xla", "xla-cirh-all")
_MODEL_FN = ["features", "labels", "mode", "params"]
_SPEC_HOOKS = ("training_hooks", "training_chief_hooks", "evaluation_hooks", "prediction_hooks")


def cs_ip(address) -> None:
    if address is None or "K8S_CS_IP" in os.environ:
        return
    host = address[: -len(PORT)]
    if not address.endswith(PORT) or ":" in host or not host:
        raise ValueError(f"cs_ip must be <address>{PORT}, found {address!r}")


def cs_config(found) -> None:
    if found is not None and not isinstance(found, CSConfig):
        raise TypeError(f"cs_config must be a CSConfig, found {found!r}")


def stack_params(found) -> None:
    unknown = set(found or {}) - {"ir_mode", "config"}
    if unknown:
        raise ValueError(f"unknown stack_params: {sorted(unknown)}")
    if found and found.get("ir_mode", _IR_MODES[0]) not in _IR_MODES:
        raise ValueError(f"unknown ir_mode {found['ir_mode']!r}")
    if found and not isinstance(found.get("config"), (FullConfig, type(None))):
        raise TypeError(f"stack_params['config'] must be a FullConfig, found {found['config']!r}")


def model_fn(function) -> None:
    found = list(inspect.signature(function).parameters)
    if found != _MODEL_FN:
        raise ValueError(f"model_fn must take exactly {_MODEL_FN}, found {found}")


def no_hooks(hooks) -> None:
    if hooks:
        raise tf.errors.FailedPreconditionError(
            None, None, f"Attempting to use uninitialized value: user-defined hooks {hooks} on CS"
        )


def mode(name) -> None:
    if name == tf.estimator.ModeKeys.EVAL:
        raise EnvironmentError("the classifier is not evaluated on a CS system: train or predict")


def steps(steps, max_steps) -> None:
    if steps is None and max_steps is None:
        raise ValueError("training on CS needs steps or max_steps: its dataset has no end")


def dataset(found, mode) -> None:
    """Called inside the graph that the dataset was made in."""
    if not isinstance(found, tf.data.Dataset):
        raise TypeError(f"input_fn must return a tf.data.Dataset, found {type(found).__name__}")
    for spec in tf.nest.flatten(found.element_spec):
        if not spec.shape.is_fully_defined():
            raise ValueError(
                f"CS system needs static shapes and no partial batches, found {spec}: use "
                "batch(..., drop_remainder=True) and set_shape"
            )
    if mode == tf.estimator.ModeKeys.TRAIN and _ends(found):
        raise ValueError("the dataset of a CS training must repeat() without a count; it ends")


def _ends(found):
    cardinality = tf.data.experimental.cardinality(found)
    with tf.compat.v1.Session(graph=tf.compat.v1.get_default_graph()) as session:
        return session.run(cardinality) >= 0


def spec(found, mode) -> None:
    if not isinstance(found, CSEstimatorSpec):
        raise TypeError(f"model_fn must return a CSEstimatorSpec, found {type(found).__name__}")
    if found.eval_metric_ops:
        raise ValueError(f"Detected unsupported eval_metric_ops in CS system {_RUNS[mode]} run")
    for name in _SPEC_HOOKS:
        no_hooks(getattr(found, name))


_RUNS = {
    tf.estimator.ModeKeys.TRAIN: "training",
    tf.estimator.ModeKeys.EVAL: "evaluation",
    tf.estimator.ModeKeys.PREDICT: "prediction",
}


def precision(operations, mode) -> None:
    if mode == tf.estimator.ModeKeys.TRAIN and not graphs.has_float16(operations):
        raise ValueError(
            "CS system supports only mixed precision for training; nothing in the graph is float16"
        )
