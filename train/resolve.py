"""What a run uses: the YAML, the dataset's manifest and the pretrained checkpoint, put together."""

import dataclasses
from typing import Dict, List

from shared import manifest, tasks
from shared.config import Config, ModelConfig, OptimizerConfig
from shared.errors import UserError
from shared.files import sha256_of
from shared.manifest import Manifest
from train import variables

# Where neither the YAML nor a checkpoint says them: the values that the Model Zoo ships.
_DEFAULTS = {"encoder_nonlinearity": "gelu", "layer_norm_epsilon": 1e-5}
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
    for name, default in _DEFAULTS.items():
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
    if checkpoint.sizes["vocab_size"] != ours.size:
        lines.append(
            f"  vocab_size: the checkpoint has {checkpoint.sizes['vocab_size']}, the records have "
            f"{ours.size} ({ours.name})"
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
    return lines


def initial_weights(config: ModelConfig, checkpoint) -> "tuple[Dict, List[str]]":
    """Which variables start from the checkpoint, and which are new.

    The output layer is new, as it belongs to the task; with `disable_nsp` (a checkpoint that was
    pretrained without next-sentence prediction) the pooler is new too.

    Returns: ({name: array}, [names of the new ones]).
    Raises:
      UserError: the checkpoint lacks a variable or has one of another shape; all are named.
    """
    heads = (variables.OUTPUT, variables.POOLER) if config.disable_nsp else (variables.OUTPUT,)
    restored, new, faults = {}, [], []
    for spec in variables.table(config):
        found = checkpoint.weights.get(spec.name)
        if spec.name.startswith(heads):
            new.append(spec.name)
        elif found is None:
            faults.append(f"  {spec.name}: missing")
        elif found.shape != spec.shape:
            faults.append(f"  {spec.name}: shape {found.shape}, expected {spec.shape}")
        else:
            restored[spec.name] = found
    if faults:
        lines = [f"the checkpoint {checkpoint.path} is not complete:", *faults]
        if all(variables.POOLER in fault for fault in faults):
            lines.append("If it was pretrained without a pooler, set model.disable_nsp: true.")
        raise UserError("\n".join(lines))
    return restored, new
