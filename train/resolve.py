"""What a run uses: the YAML, the dataset's manifest and the pretrained checkpoint, put together."""

import dataclasses
from typing import Dict, List

from shared import manifest, vocab
from shared.config import Config, ModelConfig, OptimizerConfig
from shared.errors import UserError
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
    lines = [
        f"  {name}: the checkpoint has {size}, the run has {getattr(config, name)}"
        for name, size in checkpoint.sizes.items()
        if size != getattr(config, name)
    ]
    lower_case = checkpoint.lower_case
    if lower_case is not None and lower_case != found.vocabulary.lower_case:
        lines.append(
            f"  lower_case: the checkpoint has {lower_case}, the records "
            f"{found.vocabulary.lower_case}"
        )
    if checkpoint.vocab_file and vocab.sha256_of(checkpoint.vocab_file) != found.vocabulary.sha256:
        lines.append(
            f"  vocabulary: the records were made with {found.vocabulary.name}, which is not "
            f"{checkpoint.vocab_file}"
        )
    if lines:
        raise UserError(
            f"the checkpoint {checkpoint.path} does not fit this run:\n" + "\n".join(lines) + "\n"
            "Take the configuration of its size (CONFIG), and make the data with its vocabulary: "
            f"make data TASK={found.task} VOCAB=<its vocab.txt>"
        )


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
        raise UserError(f"the checkpoint {checkpoint.path} is not complete:\n" + "\n".join(faults))
    return restored, new
