"""The shapes of a run's batches, from the manifest alone."""

from typing import List, NamedTuple, Optional, Tuple

from shared import records
from shared.config import Config
from shared.manifest import Manifest
from shared.tasks import TRAIN_SPLIT
from train.data import order, user_input_fn
from train.data.in_memory import fits_in_memory
from train.data.input_fn import lengths_of_batches


class Shapes(NamedTuple):
    """The shapes of one kind of step.

    known: [(rows, tokens)] of the batches of one device. unknown: one line for each batch whose
    shape depends on the data. has_weights: whether a training's rows have weights.
    """

    known: List[Tuple[int, int]]
    unknown: List[str]
    has_weights: bool = False


def of_training(params: Config, manifest: Manifest, input_context) -> Shapes:
    """Args: input_context, tf.distribute.InputContext, or None for one device.

    Raises:
      UserError: the split has too few rows for a step; or as user_input_fn.training_batches.
    """
    options = params.train_input
    if options.input_fn:
        dataset = user_input_fn.training_batches(
            params, input_context, split=TRAIN_SPLIT, manifest=manifest, first_step=0
        )
        shapes = _of_user(dataset, f"train_input.input_fn {options.input_fn}")
        return shapes._replace(has_weights=records.WEIGHTS.name in dataset.element_spec[0])
    share = order.share(options.batch_size, params.optimizer.grad_accum_steps, input_context)
    order.steps_per_epoch(manifest.splits[TRAIN_SPLIT].examples, share)
    lengths = lengths_of_batches(
        manifest, TRAIN_SPLIT, share.rows, params.runconfig.xla, options.group_by_length
    )
    has_weights = manifest.splits[TRAIN_SPLIT].has_weights
    return Shapes([(share.rows, length) for length in lengths], [], has_weights)


def of_scoring(params: Config, section: str, splits: List[str], manifest: Manifest) -> Shapes:
    """Args: section, eval_input or predict_input, whose splits are scored.

    Raises:
      UserError: as user_input_fn.scored_batches.
    """
    every = [_of_split(params, section, split, manifest) for split in splits]
    known = {shape for shapes in every for shape in shapes.known}
    return Shapes(sorted(known), [line for shapes in every for line in shapes.unknown])


def _of_split(params, section, split, manifest) -> Shapes:
    options = getattr(params, section)
    if options.input_fn:
        dataset = user_input_fn.scored_batches(
            params, section=section, split=split, manifest=manifest
        )
        return _of_user(dataset, f"{section}.input_fn {options.input_fn} for {split}")
    rows = options.batch_size
    lengths = lengths_of_batches(manifest, split, rows, params.runconfig.xla)
    rest = manifest.splits[split].examples % rows
    unknown = []
    if rest and not fits_in_memory(options, split, manifest):  # in memory it is filled
        unknown = [f"the last batch of {split}, {rest} rows"]
    return Shapes([(rows, length) for length in lengths], unknown)


def _of_user(dataset, where) -> Shapes:
    shape = _static_shape(dataset)
    if shape is None:
        return Shapes([], [f"the batches of {where}, whose element_spec has unknown sizes"])
    return Shapes([shape], [])


def _static_shape(dataset) -> Optional[Tuple[int, int]]:
    features, _ = dataset.element_spec
    shape = features["input_ids"].shape
    return tuple(shape.as_list()) if shape.is_fully_defined() else None
