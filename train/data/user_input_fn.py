"""The user's own input functions: `input_fn: package.module.function` in the YAML.

    def train_input_fn(params, input_context=None):
        size = params["train_input"]["batch_size"]
        ...
        return dataset  # a tf.data.Dataset of (features, labels), see train/data/input_fn.py

`params` is the configuration as nested dicts, with the sections and keys of the YAML; when a split
is evaluated or predicted, params["eval_input"]["split"] (or predict_input) names it. For training
the dataset repeats endlessly. If several devices share a step, the function needs the argument
`input_context` (tf.distribute.InputContext), returns batches of batch_size divided by
input_context.num_replicas_in_sync rows, and reads the part of
input_context.input_pipeline_id among input_context.num_input_pipelines.
"""

import importlib
import inspect
from typing import Callable, Optional

import tensorflow as tf

from shared import config, records
from shared.config import Config
from shared.config.input_sections import EVAL_INPUT, TRAIN_INPUT
from shared.errors import UserError
from shared.manifest import Manifest
from train.data import order, record_rules


def load(path: str, where: str) -> Callable:
    """The function at a dotted path; args: where, the key that names it, for messages.

    Raises:
      UserError: the module or function does not exist.
    """
    module, _, name = path.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name, None)
    except (ImportError, SyntaxError) as error:
        raise UserError(
            f"{where} is {path}, but {error}. Give a dotted path that Python can import from the "
            "current folder (or from PYTHONPATH), such as my_inputs.train_input_fn."
        ) from None
    if not callable(found):
        raise UserError(f"{where} is {path}, but the module {module} has no function {name}")
    return found


def training_batches(
    params: Config, input_context=None, *, split: str, manifest: Manifest, first_step: int
):
    """Endless batches from step `first_step` on; the ones before it are skipped.

    Raises:
      UserError: as `batches`; or the dataset ends.
    """
    share = order.share(
        params.train_input.batch_size, params.optimizer.grad_accum_steps, input_context
    )
    dataset = batches(params, input_context, TRAIN_INPUT, split, manifest)
    check_repeats(params.train_input.input_fn, _cardinality(dataset))
    rules = checking(params, manifest, 0, share.rows)
    return dataset.map(rules).skip(first_step * share.batches_per_step)


def scored_batches(
    params: Config, input_context=None, *, section: str, split: str, manifest: Manifest
):
    """Batches that end.

    Args: section, eval_input or predict_input.
    Raises:
      UserError: as `batches`; or the dataset does not end.
    """
    dataset = batches(params, input_context, section, split, manifest)
    if _cardinality(dataset) == tf.data.experimental.INFINITE_CARDINALITY:
        path = getattr(params, section).input_fn
        raise UserError(
            f"{section}.input_fn {path} returned an endless dataset; for {split} "
            "it must give each example once"
        )
    smallest = 0 if section == EVAL_INPUT else records.UNLABELLED
    return dataset.map(checking(params, manifest, smallest, None))


def _cardinality(dataset) -> int:
    return int(tf.data.experimental.cardinality(dataset).numpy())


def check_repeats(path: str, cardinality: int) -> None:
    """Raises UserError if the dataset of a training is known to end.

    Args: path, of the function; cardinality, of tf.data.experimental.
    """
    if cardinality >= 0:
        raise UserError(
            f"train_input.input_fn {path} returned a dataset that ends; for training it must "
            "repeat: dataset.repeat()"
        )


def checking(params: Config, manifest: Manifest, smallest_label: int, rows: Optional[int]):
    """A function that checks what the model relies on in a batch; args: rows of it, or None."""
    positions = params.model.max_position_embeddings
    limits = {"num_labels": manifest.label_values, "smallest_label": smallest_label}

    @tf.autograph.experimental.do_not_convert
    def check(features, labels):
        ids = features["input_ids"]
        weights = features.get(records.WEIGHTS.name)
        rules = {
            **records.rules(ids, manifest.vocabulary.size, labels, **limits, weights=weights),
            f"at most {positions} tokens": tf.shape(ids)[1] <= positions,
        }
        if rows is not None:
            rules[f"{rows} rows, batch_size for each device"] = tf.equal(tf.shape(ids)[0], rows)
        return {**features, "input_ids": record_rules.checked(ids, rules)}, labels

    return check


def batches(params: Config, input_context, section: str, split: str, manifest: Manifest):
    """What the user's function returns, after checking names, types and shapes.

    Args:
      section: train_input, eval_input or predict_input, whose input_fn is called.
    Raises:
      UserError: it does not return what train/data/input_fn.py describes.
    """
    path = getattr(params, section).input_fn
    where = f"{section}.input_fn"
    function = load(path, where)
    content = config.dump(params)
    content[section]["split"] = split
    content[section]["data_dir"] = getattr(params, section).dataset
    dataset = _call(function, content, input_context, f"{where} {path}")
    faults = _faults(dataset, manifest)
    if faults:
        raise UserError(f"{where} {path} returned a wrong dataset:\n" + "\n".join(faults))
    return dataset


def _call(function, content, input_context, who):
    if _takes(function, content, input_context=input_context):
        return function(content, input_context=input_context)
    if not _takes(function, content):
        raise UserError(
            f"{who} cannot be called as input_fn(params) or input_fn(params, input_context=...)"
        )
    if input_context is not None and input_context.num_replicas_in_sync > 1:
        raise UserError(
            f"{who} takes no input_context, so {input_context.num_replicas_in_sync} devices would "
            "all train on the same rows; add the argument (docs/input_functions.md)"
        )
    return function(content)


def _takes(function, *positional, **named) -> bool:
    try:
        inspect.signature(function).bind(*positional, **named)
    except (TypeError, ValueError):
        return False
    return True


def _faults(dataset, manifest):
    if not isinstance(dataset, tf.data.Dataset):
        return [f"  expected a tf.data.Dataset, found {type(dataset).__name__}"]
    spec = dataset.element_spec
    if not (isinstance(spec, tuple) and len(spec) == 2 and isinstance(spec[0], dict)):
        return [f"  expected elements (features, labels), features a dict; found {spec}"]
    features, labels = spec
    expected = {name: (features.get(name), 2, tf.int32) for name in records.TOKEN_FEATURES}
    label_type = tf.float32 if manifest.is_regression else tf.int32
    expected["labels"] = (labels, 1 + len(manifest.label_shape), label_type)
    if records.WEIGHTS.name in features:
        expected[records.WEIGHTS.name] = (features[records.WEIGHTS.name], 1, tf.float32)
    return [
        f"  {name}: expected {kind.name} of {rank} dimensions, found {found}"
        for name, (found, rank, kind) in expected.items()
        if not _matches(found, rank, kind)
    ]


def _matches(spec, rank, kind):
    return (
        isinstance(spec, tf.TensorSpec)
        and spec.dtype == kind
        and (spec.shape.rank is None or spec.shape.rank == rank)
    )
