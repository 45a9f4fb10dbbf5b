"""Whether a checkpoint fits the run, and which variables start from it."""

from typing import Dict, List

from shared.config import ModelConfig
from shared.errors import UserError
from shared.manifest import Manifest
from train.model import variables
from train.pretrained import texts

# Tables are padded to a multiple of at most this; without its vocabulary, a table with more rows
# above the records' pieces may be another vocabulary's.
_MOST_PADDING = 128


def check_fits(config: ModelConfig, manifest: Manifest, checkpoint) -> None:
    """Checks that the checkpoint has the sizes, vocabulary and case of the run.

    Args:
      config: its vocab_size is ignored; the records decide.
      checkpoint: a Pretrained.
    Raises:
      UserError: all differences.
    """
    sizes = [
        f"  {name}: the checkpoint has {size}, the run has {getattr(config, name)}"
        for name, size in checkpoint.sizes.items()
        if size != getattr(config, name) and name != "vocab_size"
    ]
    words = [*_too_few_rows(manifest, checkpoint), *texts.differences(manifest, checkpoint)]
    if not sizes and not words:
        return
    advice = ["Use a configuration of its size (CONFIG)."] if sizes else []
    if words:
        advice.append(texts.advice(manifest, checkpoint))
    lines = [f"the checkpoint {checkpoint.path} does not fit this run:", *sizes, *words, *advice]
    raise UserError("\n".join(lines))


def _too_few_rows(manifest: Manifest, checkpoint) -> List[str]:
    """A table has a row for each piece; more rows are padding, or belong to added tokens."""
    ours = manifest.vocabulary
    rows = checkpoint.sizes.get("vocab_size", ours.size)
    is_known = checkpoint.vocab_file or checkpoint.vocabulary_sha256
    if ours.size <= rows and (is_known or rows < ours.size + _MOST_PADDING):
        return []
    return [f"  vocab_size: the checkpoint has {rows}, the records have {ours.size} ({ours.name})"]


def check_classifier(checkpoint, manifest: Manifest, log) -> None:
    """Checks that a checkpoint is a classifier whose outputs are the labels of the data.

    Upper and lower case are the same here: checkpoints say ENTAILMENT where GLUE says entailment.

    Args: log, receives one line if the checkpoint does not name its labels.
    Raises:
      UserError: it is not a classifier; or it has other labels, or the same in another order.
    """
    if not checkpoint.is_classifier:
        raise UserError(
            f"{checkpoint.path} ({checkpoint.format}) is pretrained but not a classifier: it has "
            "no output layer for a task. Fine-tune it first: make train CHECKPOINT=<it>"
        )
    stated, expected = checkpoint.label_names, manifest.label_names
    if stated is None:
        if expected is not None:
            log(
                f"{checkpoint.path} does not name its labels; its outputs are assumed to be "
                f"{', '.join(expected)}, in this order"
            )
    elif [name.lower() for name in stated] != [name.lower() for name in expected or ()]:
        raise UserError(
            f"the outputs of {checkpoint.path} are not the labels of the data:\n"
            f"  the checkpoint has {', '.join(stated)}\n"
            f"  the data has       {', '.join(expected or ['a score, no labels'])}\n"
            "Give data that was built with its labels in its order, or a classifier for "
            f"{manifest.task}."
        )


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


def classifier_weights(config: ModelConfig, checkpoint) -> Dict:
    """All variables of a classifier, {name: array}, to evaluate or predict with it.

    Raises:
      UserError: as initial_weights.
    """
    return _take(variables.table(config), checkpoint)


def check_complete(checkpoint) -> None:
    """Checks that the checkpoint is a complete BERT of the sizes that it states.

    The pooler and the output layer may be missing.

    Raises:
      UserError: as initial_weights.
    """
    weights = checkpoint.weights
    absent = tuple(
        head
        for head in (variables.POOLER, variables.OUTPUT)
        if not any(name.startswith(head) for name in weights)
    )
    outputs = len(weights.get(variables.OUTPUT + "/bias", ()))
    unknown = dict.fromkeys(("hidden_size", "num_heads", "num_hidden_layers", "filter_size"), 0)
    sizes = {**unknown, "vocab_size": 0, "num_cls_classes": outputs, **checkpoint.sizes}
    specs = variables.table(ModelConfig(**sizes))
    _take([spec for spec in specs if not spec.name.startswith(absent)], checkpoint)


def _take(specs, checkpoint, without_pooler: str = "") -> Dict:
    """{name: array} of the variables of `specs`.

    Args: without_pooler, advice for a checkpoint that lacks only the pooler.
    Raises:
      UserError: lists everything that is wrong.
    """
    weights = checkpoint.weights
    faults = [fault for spec in specs for fault in _fault(spec, weights.get(spec.name))]
    pooler_only = faults and all(variables.POOLER in fault for fault in faults)
    faults += [
        f"  {name}: unexpected, not part of a BERT of this size" for name in checkpoint.left_over
    ]
    if faults:
        title = f"the checkpoint {checkpoint.path} ({checkpoint.format}) is not the expected BERT:"
        advice = [without_pooler] if pooler_only and without_pooler else []
        raise UserError("\n".join([title, *faults, *advice]))
    return {spec.name: weights[spec.name] for spec in specs}


def _fault(spec, found) -> List[str]:
    if found is None:
        return [f"  {spec.name}: missing"]
    if found.shape != spec.shape:
        return [f"  {spec.name}: shape {found.shape}, expected {spec.shape}"]
    return []
