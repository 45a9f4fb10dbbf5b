"""Whether a checkpoint fits the run, and which variables start from it."""

from typing import Callable, Dict, List, Optional, Sequence

import numpy as np

from shared.config import ModelConfig
from shared.errors import UserError
from shared.manifest import Manifest
from train.model import variables
from train.pretrained import label_order, tables, texts
from train.pretrained.weights import in_one_line

_MISSING, _NOT_FINITE = ": missing", "values are NaN or infinite"


def check_fits(
    config: ModelConfig, manifest: Manifest, checkpoint, log: Callable[[str], None]
) -> None:
    """Checks that the checkpoint has the sizes, vocabulary and case of the run.

    Args:
      config: its vocab_size is ignored; the records decide.
      checkpoint: a Pretrained.
      log: receives a line for all that is assumed, or left out.
    Raises:
      UserError: all differences.
    """
    sizes = [
        f"  {name}: the checkpoint has {size}, the run has {getattr(config, name)}"
        for name, size in checkpoint.sizes.items()
        if size != getattr(config, name) and name != "vocab_size"
    ]
    words = [
        *tables.word_differences(manifest, checkpoint),
        *texts.differences(manifest, checkpoint),
    ]
    segments = tables.segment_differences(manifest, checkpoint)
    if not sizes and not words and not segments:
        for line in _notes(config, manifest, checkpoint):
            log(line)
        return
    advice = ["Use a configuration of its size (CONFIG)."] if sizes else []
    if words:
        advice.append(texts.advice(manifest, checkpoint))
    title = f"the checkpoint {checkpoint.path} does not fit this run:"
    raise UserError("\n".join([title, *sizes, *segments, *words, *advice]))


def _notes(config: ModelConfig, manifest: Manifest, checkpoint) -> List[str]:
    lines = [*checkpoint.notes, *tables.notes(manifest, checkpoint)]
    lines += [*texts.notes(manifest, checkpoint), *notes_on_values(checkpoint)]
    if "num_heads" not in checkpoint.sizes:
        lines.append(
            f"{checkpoint.path} does not state its number of attention heads; the configuration's "
            f"{config.num_heads} is used"
        )
    if checkpoint.unused:
        lines.append(f"not used of {checkpoint.path}: {in_one_line(checkpoint.unused)}")
    return lines


def notes_on_values(checkpoint) -> List[str]:
    """A line if the checkpoint has tables or kernels of zeros, which no training leaves."""
    zeros = [
        name for name, array in checkpoint.weights.items() if array.ndim == 2 and not array.any()
    ]
    stored = in_one_line([checkpoint.stored_as[name] for name in zeros])
    where = f"{checkpoint.path}: {stored}"
    return [f"warning: is the file whole? All values are 0 in {where}"] if zeros else []


def check_classifier(checkpoint, manifest: Manifest, log: Callable[[str], None]) -> List[int]:
    """Checks that a checkpoint is a classifier whose outputs are the labels of the data.

    Args: log, as of label_order.columns.
    Returns: its outputs in the order of the data's labels.
    Raises:
      UserError: it is not a classifier, or has other labels.
    """
    if checkpoint.output_fault:
        raise UserError(
            f"{checkpoint.output_fault}. It cannot be scored as it is, but trained from: "
            "make train CHECKPOINT=<it>"
        )
    if not checkpoint.is_classifier:
        raise UserError(
            f"{checkpoint.path} ({checkpoint.format}) is pretrained but not a classifier: it has "
            "no output layer for a task. Fine-tune it first: make train CHECKPOINT=<it>"
        )
    return label_order.columns(checkpoint, manifest, log)


def initial_weights(config: ModelConfig, checkpoint) -> "tuple[Dict, List[str]]":
    """Which variables start from the checkpoint, and which are new.

    The output layer is new because it belongs to the task; with `disable_nsp` (for a checkpoint
    pretrained without next-sentence prediction) the pooler is new, too.

    Returns: ({name: array}, [names of the new ones]).
    Raises:
      UserError: the checkpoint lacks a variable, has one of another shape, or holds something
        that is not part of BERT; all are listed.
    """
    heads = (variables.OUTPUT, variables.POOLER) if config.disable_nsp else (variables.OUTPUT,)
    specs = variables.table(config)
    new = [spec.name for spec in specs if spec.name.startswith(heads)]
    wanted = [spec for spec in specs if spec.name not in new]
    without_pooler = "If it was pretrained without a pooler, set model.disable_nsp: true."
    return _take(wanted, checkpoint, without_pooler), new


def classifier_weights(
    config: ModelConfig, checkpoint, columns: Optional[Sequence[int]] = None
) -> Dict:
    """All variables of a classifier, {name: array}, to evaluate or predict with it.

    Args: columns, which of its outputs to use, in this order; None for all.
    Raises:
      UserError: as initial_weights.
    """
    weights = _take(variables.table(config), checkpoint)
    if columns is not None:
        for part in ("/kernel", "/bias"):
            name = variables.OUTPUT + part
            weights[name] = np.ascontiguousarray(weights[name][..., columns])
    return weights


def check_complete(checkpoint) -> None:
    """Checks that the checkpoint is a complete BERT of the sizes that it states.

    The pooler and the output layer may be missing.

    Raises:
      UserError: as initial_weights; or a head is faulty, which a training would not use.
    """
    weights = checkpoint.weights
    if checkpoint.is_classifier and checkpoint.output_fault:
        raise UserError(f"{checkpoint.output_fault}; correct it")
    absent = tuple(
        head
        for head in (variables.POOLER, variables.OUTPUT)
        if not any(name.startswith(head) for name in checkpoint.stored_as)
    )
    unknown = dict.fromkeys(("hidden_size", "num_heads", "num_hidden_layers", "filter_size"), 0)
    sizes = {**unknown, "vocab_size": 0, "num_cls_classes": checkpoint.outputs, **checkpoint.sizes}
    has_segments = checkpoint.use_segment_embedding
    specs = variables.table(ModelConfig(**sizes, use_segment_embedding=has_segments))
    names = {spec.name for spec in specs}
    specs += [
        variables.Spec(name, np.shape(weights.get(name)), "")
        for name in (*weights, *checkpoint.unreadable)
        if name not in names
    ]
    _take([spec for spec in specs if not spec.name.startswith(absent)], checkpoint)


def _take(specs, checkpoint, without_pooler: str = "") -> Dict:
    """{name: array} of the variables of `specs`.

    Args: without_pooler, advice for a checkpoint that lacks only the pooler.
    Raises:
      UserError: lists everything that is wrong.
    """
    faults = [fault for spec in specs for fault in _fault(spec, checkpoint)]
    lacks_pooler_only = bool(faults) and all(variables.POOLER in fault for fault in faults)
    # What seems to be a head may be what is missing, under another name.
    is_doubtful = not lacks_pooler_only and any(fault.endswith(_MISSING) for fault in faults)
    unexpected = (*checkpoint.left_over, *(checkpoint.unused if is_doubtful else ()))
    faults += [
        f"  {name}: unexpected, not part of a BERT of this size" for name in sorted(unexpected)
    ]
    if faults:
        title = f"the checkpoint {checkpoint.path} ({checkpoint.format}) is not the expected BERT:"
        advice = [without_pooler] if lacks_pooler_only and without_pooler else []
        if any(fault.endswith(_NOT_FINITE) for fault in faults):
            advice.append("Its training diverged, or float16 was too small for it: use another.")
        raise UserError("\n".join([title, *faults, *advice]))
    return {
        spec.name: tables.as_needed(checkpoint.weights[spec.name], spec.shape) for spec in specs
    }


def _fault(spec, checkpoint) -> List[str]:
    found = checkpoint.weights.get(spec.name)
    if found is None:
        return [f"  {checkpoint.unreadable.get(spec.name, spec.name + _MISSING)}"]
    if not tables.will_do(spec, found.shape):
        return [f"  {spec.name}: shape {found.shape}, expected {spec.shape}"]
    return _not_finite(checkpoint.stored_as[spec.name], found)


def _not_finite(name: str, array: np.ndarray) -> List[str]:
    count = array.size - np.count_nonzero(np.isfinite(array))
    return [f"  {name}: {count:,} of {array.size:,} {_NOT_FINITE}"] if count else []
