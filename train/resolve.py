"""What a run uses: the YAML, the dataset's manifest and the pretrained checkpoint, put together."""

import dataclasses
from typing import Dict, List

from shared import manifest, tasks
from shared.config import Config, ModelConfig, OptimizerConfig
from shared.errors import UserError
from shared.files import sha256_of
from shared.manifest import Manifest
from train import variables
from train.pretrained import modelzoo

# The Model Zoo's default epsilon of the optimizer depends on the precision.
_EPSILON_MIXED, _EPSILON_FLOAT32 = 1e-5, 1e-8


def check_data(config: Config, config_path: str, section: str, dataset: str, found: Manifest):
    """Stops with every disagreement between the configuration and the dataset.

    Args:
      section: train_input, eval_input or predict_input: which of them reads the dataset.
    """
    inputs = getattr(config, section)
    processor = inputs.data_processor
    expected = {
        "task": processor and processor.lower().replace("dataprocessor", ""),
        "max_sequence_length": inputs.max_sequence_length,
        "vocab_size": inputs.vocab_size or config.model.vocab_size,
        "lower_case": inputs.do_lower,
        "num_cls_classes": config.model.num_cls_classes,
    }
    manifest.check_run(
        dataset, found, {name: (value, config_path) for name, value in expected.items()}
    )
    if found.max_sequence_length > config.model.max_position_embeddings:
        raise UserError(
            f"{dataset} has max_sequence_length {found.max_sequence_length}, beyond "
            f"model.max_position_embeddings {config.model.max_position_embeddings} of "
            f"{config_path}; make the data shorter: make data TASK={found.task} "
            f"MSL={config.model.max_position_embeddings}"
        )


def eval_splits(found: Manifest, split: "str | None") -> List[str]:
    """The splits to evaluate: the one asked for, or every labelled one but train.

    Raises:
      UserError: the split does not exist or has no labels, or no split is left.
    """
    if split is None:
        chosen = [
            name
            for name, entry in found.splits.items()
            if name != tasks.TRAIN and entry.is_labelled
        ]
        if not chosen:
            raise UserError(f"task {found.task} has no labelled split to evaluate")
        return chosen
    _check_exists(found, split)
    _check_labelled(found, split)
    return [split]


def predict_splits(found: Manifest, split: "str | None") -> List[str]:
    """The splits to predict: the one asked for, or every one that has rows without a label.

    Raises:
      UserError: the split does not exist, or none is left.
    """
    if split is not None:
        _check_exists(found, split)
        return [split]
    chosen = [name for name, entry in found.splits.items() if not entry.is_labelled]
    if not chosen:
        raise UserError(
            f"every split of task {found.task} has labels; give --split, one of "
            f"{', '.join(found.splits)}"
        )
    return chosen


def _check_exists(found: Manifest, split: str) -> None:
    if split not in found.splits:
        raise UserError(f"no split '{split}'; the dataset has {', '.join(found.splits)}")


def check_train_split(found: Manifest) -> None:
    """Stops where there is nothing to train on."""
    if tasks.TRAIN not in found.splits:
        raise UserError(f"task {found.task} has no train split; it can only be predicted")
    _check_labelled(found, tasks.TRAIN)


def _check_labelled(found: Manifest, split: str) -> None:
    unlabelled = found.splits[split].unlabelled
    if unlabelled:
        raise UserError(
            f"split {split} has {unlabelled} examples without a label (-1), so it can be neither "
            "trained on nor evaluated"
        )


def model(config: ModelConfig, found: Manifest, checkpoint, log) -> ModelConfig:
    """The model with nothing unset.

    Args:
      config: as the YAML has it.
      found: the dataset's manifest; vocab_size and num_cls_classes come from it.
      checkpoint: a Pretrained, or None.
      log: takes one line where the YAML overrides what the checkpoint was trained with.
    Raises:
      UserError: the checkpoint's sizes or vocabulary are not the run's; all of them are named.
    """
    config = dataclasses.replace(
        config,
        vocab_size=found.vocabulary.size,
        num_cls_classes=manifest.num_classes(found),
    )
    if checkpoint is not None:
        _check_pretrained(config, found, checkpoint)
    for name, default in modelzoo.DEFAULTS.items():
        stated, trained_with = getattr(config, name), getattr(checkpoint, name, None)
        if stated is None:
            value = default if trained_with is None else trained_with
            config = dataclasses.replace(config, **{name: value})
        elif trained_with is not None and stated != trained_with:
            log(f"model.{name} is {stated}, from the YAML; the checkpoint has {trained_with}")
    return config


def optimizer(config: OptimizerConfig, is_mixed: bool) -> OptimizerConfig:
    """The optimizer with nothing unset."""
    if config.epsilon is not None:
        return config
    return dataclasses.replace(config, epsilon=_EPSILON_MIXED if is_mixed else _EPSILON_FLOAT32)


def _check_pretrained(config: ModelConfig, found: Manifest, checkpoint) -> None:
    sizes = [
        f"  {name}: the checkpoint has {size}, the run has {getattr(config, name)}"
        for name, size in checkpoint.sizes.items()
        if size != getattr(config, name) and name != "vocab_size"
    ]
    texts = _text_differences(found, checkpoint)
    if not sizes and not texts:
        return
    advice = ["Take the configuration of its size (CONFIG)."] if sizes else []
    if texts:
        vocabulary = checkpoint.vocab_file or "<its vocab.txt>"
        advice.append(
            f"Make the data with its vocabulary: make data TASK={found.task} "
            f"MSL={found.max_sequence_length} VOCAB={vocabulary} ARGS=--overwrite"
        )
    lines = [f"the checkpoint {checkpoint.path} does not fit this run:", *sizes, *texts, *advice]
    raise UserError("\n".join(lines))


def _text_differences(found: Manifest, checkpoint) -> List[str]:
    """Where the checkpoint turned text into ids otherwise than the records."""
    ours, lines = found.vocabulary, []
    vocab_size = checkpoint.sizes.get("vocab_size", ours.size)
    if vocab_size != ours.size:
        lines.append(
            f"  vocab_size: the checkpoint has {vocab_size}, the records have {ours.size} "
            f"({ours.name})"
        )
    if checkpoint.lower_case not in (None, ours.lower_case):
        lines.append(
            f"  lower_case: the checkpoint has {checkpoint.lower_case}, the records have "
            f"{ours.lower_case}"
        )
    if checkpoint.vocab_file and sha256_of(checkpoint.vocab_file) != ours.sha256:
        lines.append(
            f"  vocabulary: the records were made with {ours.name}, which is not "
            f"{checkpoint.vocab_file}"
        )
    elif checkpoint.vocabulary_sha256 not in (None, ours.sha256):
        lines.append(
            f"  vocabulary: the records were made with {ours.name} (sha256 {ours.sha256[:12]}), "
            f"the checkpoint with {checkpoint.vocabulary_name or 'another'} "
            f"({checkpoint.vocabulary_sha256[:12]})"
        )
    return lines


def initial_weights(config: ModelConfig, checkpoint) -> "tuple[Dict, List[str]]":
    """Which variables start from the checkpoint, and which are new.

    The output layer is new, as it belongs to the task; with `disable_nsp` (a checkpoint that was
    pretrained without next-sentence prediction) the pooler is new too.

    Returns: ({name: array}, [names of the new ones]).
    Raises:
      UserError: the checkpoint lacks a variable, has one of another shape, or holds something
        that is no part of BERT; all are named.
    """
    heads = (variables.OUTPUT, variables.POOLER) if config.disable_nsp else (variables.OUTPUT,)
    specs = variables.table(config)
    new = [spec.name for spec in specs if spec.name.startswith(heads)]
    wanted = [spec for spec in specs if spec.name not in new]
    without_pooler = "If it was pretrained without a pooler, set model.disable_nsp: true."
    return _take(wanted, checkpoint, without_pooler), new


def classifier_weights(config: ModelConfig, checkpoint) -> Dict:
    """All variables of a trained classifier, {name: array}, to evaluate or predict with it.

    Raises:
      UserError: as initial_weights; or the checkpoint is no classifier.
    """
    if not checkpoint.is_classifier:
        raise UserError(
            f"{checkpoint.path} ({checkpoint.format}) is pretrained and no classifier: it has no "
            "output layer for a task. Train with it first: make train CHECKPOINT=<it>"
        )
    return _take(variables.table(config), checkpoint)


def check_complete(checkpoint) -> None:
    """Stops where the checkpoint is not a whole BERT of the sizes that it states.

    Its pooler and its output layer may be missing.

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

    Args: without_pooler, advice for a checkpoint that lacks nothing but the pooler.
    Raises:
      UserError: it lists all that is wrong.
    """
    weights = checkpoint.weights
    faults = [fault for spec in specs for fault in _fault(spec, weights.get(spec.name))]
    pooler_only = faults and all(variables.POOLER in fault for fault in faults)
    faults += [
        f"  {name}: left over, no part of a BERT of its size" for name in checkpoint.left_over
    ]
    if faults:
        title = f"the checkpoint {checkpoint.path} ({checkpoint.format}) is not a BERT as expected:"
        advice = [without_pooler] if pooler_only and without_pooler else []
        raise UserError("\n".join([title, *faults, *advice]))
    return {spec.name: weights[spec.name] for spec in specs}


def _fault(spec, found) -> List[str]:
    if found is None:
        return [f"  {spec.name}: missing"]
    if found.shape != spec.shape:
        return [f"  {spec.name}: shape {found.shape}, expected {spec.shape}"]
    return []


def check_label_names(checkpoint, found: Manifest, log) -> None:
    """Stops where a trained classifier's outputs mean other labels than the records'.

    Upper and lower case are the same here: checkpoints say ENTAILMENT where GLUE says entailment.

    Args: log, takes one line where the checkpoint does not say what its outputs mean.
    Raises:
      UserError: it states other names, or the same ones in another order.
    """
    stated, expected = checkpoint.label_names, found.label_names
    if stated is None:
        if expected is not None:
            log(
                f"{checkpoint.path} does not name its labels; its outputs are taken for "
                f"{', '.join(expected)}, in this order"
            )
    elif [name.lower() for name in stated] != [name.lower() for name in expected or ()]:
        raise UserError(
            f"the outputs of {checkpoint.path} are not the labels of the data:\n"
            f"  the checkpoint has {', '.join(stated)}\n"
            f"  the data has       {', '.join(expected or ['a score, no labels'])}\n"
            "Give data that was made with its labels in its order, or a classifier for "
            f"{found.task}."
        )
