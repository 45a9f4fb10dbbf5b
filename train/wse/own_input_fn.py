"""The user's own input functions (train/data/user_input_fn.py) on wse.

What a CS system needs of a dataset is checked before Cerebras' software sees it: batches of one
static shape, and for training no end. The function runs in the graph of a tf.estimator. In training
its input_context says which of the input workers this is.
"""

from typing import Iterator

import tensorflow as tf

from shared import records
from shared.config import Config
from shared.config.input_sections import PREDICT_INPUT, TRAIN_INPUT
from shared.errors import UserError
from shared.manifest import Manifest
from train.data import record_rules, user_input_fn
from train.wse import workers

_REPEATS = "the dataset of a training repeats, but this one has ended"
_COMPLETE = "the dataset of an evaluation has every example, but this one has ended"


def check(params: Config, section: str, split: str, manifest: Manifest) -> None:
    """Checks what the function of a section returns, in a graph of its own.

    Raises:
      UserError: lists what is wrong with its batches; or a training's dataset ends.
    """
    _check_is_counted(params, section, split, manifest)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        dataset = _returned(params, section, split, manifest)
        if section == TRAIN_INPUT:
            cardinality = session.run(tf.data.experimental.cardinality(dataset))
            user_input_fn.check_repeats(params.train_input.input_fn, cardinality)


def train_batches(params: Config, split: str, manifest: Manifest, first_step: int):
    """Endless batches of a training that resumes at first_step; the workers have fed equally many
    of the steps before it."""
    batches = _returned(params, TRAIN_INPUT, split, manifest)
    batches = batches.skip(first_step // workers.this_worker().count)
    batches = batches.map(_read(params, manifest, 0))
    return batches.concatenate(_failing(batches.element_spec, _REPEATS))


def scored_batches(params: Config, section: str, split: str, manifest: Manifest):
    """Batches of a split in order; those after its last example are not looked at."""
    batches = _returned(params, section, split, manifest)
    if section == PREDICT_INPUT:
        return batches.map(_read(params, manifest, records.UNLABELLED))
    batches = batches.map(_read(params, manifest, 0))
    return batches.concatenate(_failing(batches.element_spec, _COMPLETE))


def _check_is_counted(params, section, split, manifest) -> None:
    if section != TRAIN_INPUT and not manifest.splits[split].is_counted:
        raise UserError(
            f"{section}.input_fn {getattr(params, section).input_fn}: how many examples it gives "
            "is not known without a dataset, and wse scores full batches only; give the dataset, "
            "too (--data_dir), or use BACKEND=gpu or cpu"
        )


def _returned(params, section, split, manifest):
    context = None
    if section == TRAIN_INPUT:
        worker = workers.this_worker()
        context = tf.distribute.InputContext(worker.count, worker.index, 1)
    dataset = user_input_fn.batches(params, context, section, split, manifest)
    faults = list(_faults(dataset.element_spec, params, section, manifest))
    if faults:
        raise UserError(
            f"{section}.input_fn {getattr(params, section).input_fn} returned batches that wse "
            "cannot take:\n" + "\n".join(faults)
        )
    return dataset


def _faults(spec, params, section, manifest) -> Iterator[str]:
    """A line for each feature whose shape is not [batch_size, max_sequence_length]."""
    features, labels = spec
    rows, width = getattr(params, section).batch_size, manifest.max_sequence_length
    expected = {name: (features[name], [rows, width]) for name in records.TOKEN_FEATURES}
    expected["labels"] = (labels, [rows])
    for name, (found, wanted) in expected.items():
        shape = found.shape.as_list() if found.shape.rank is not None else None
        if shape != wanted:
            yield f"  {name}: expected the shape {wanted}, found {shape}{_advice(shape, wanted)}"
    if "weights" in features:
        yield "  weights: wse counts every row; leave them out"


def _advice(shape, wanted) -> str:
    if shape is None or shape[1:] != wanted[1:]:
        return "; pad to max_sequence_length, and tell TensorFlow so with set_shape"
    return "; use batch(batch_size, drop_remainder=True)"


def _read(params, manifest, smallest_label):
    """A function that checks the ids and labels of a batch, and keeps what the model reads."""
    check = user_input_fn.checking(params, manifest, smallest_label, None)

    @tf.autograph.experimental.do_not_convert
    def read(features, labels):
        features, labels = check(features, labels)
        return {name: features[name] for name in records.TOKEN_FEATURES}, labels

    return read


def _failing(spec, rule):
    """A batch that cannot be read: tf.estimator would take the end of the data for that of its
    work."""

    @tf.autograph.experimental.do_not_convert
    def fail(_):
        features, labels = tf.nest.map_structure(lambda of: tf.zeros(of.shape, of.dtype), spec)
        ids = record_rules.checked(features["input_ids"], {rule: False})
        return {**features, "input_ids": ids}, labels

    return tf.data.Dataset.from_tensors(0).map(fail)
