"""Combines the YAML, the dataset's manifest and the pretrained checkpoint into a run's settings."""

import dataclasses
from typing import Optional

from shared import tasks
from shared.config import Config, ModelConfig, OptimizerConfig
from shared.dataset_fit import check_run, rebuild_command
from shared.errors import UserError
from shared.manifest import Manifest
from train.pretrained import fit, modelzoo

# The Model Zoo's default epsilon of the optimizer depends on the precision.
_EPSILON_MIXED, _EPSILON_FLOAT32 = 1e-5, 1e-8


def check_data(config: Config, config_path: str, section: str, dataset: str, manifest: Manifest):
    """Reports every disagreement between the configuration and the dataset.

    Args:
      section: train_input, eval_input or predict_input: which of them reads the dataset.
    """
    inputs = getattr(config, section)
    expected = {
        "task": _stated_task(inputs.data_processor, manifest),
        "max_sequence_length": inputs.max_sequence_length,
        "vocab_size": inputs.vocab_size or config.model.vocab_size,
        "lower_case": inputs.do_lower,
        "num_cls_classes": config.model.num_cls_classes,
        "multi_label": config.model.multi_label,
    }
    check_run(dataset, manifest, {name: (value, config_path) for name, value in expected.items()})
    if manifest.max_sequence_length > config.model.max_position_embeddings:
        raise UserError(
            f"{dataset} has max_sequence_length {manifest.max_sequence_length}, more than "
            f"model.max_position_embeddings {config.model.max_position_embeddings} of "
            f"{config_path}; build shorter records: "
            + rebuild_command(manifest.task, config.model.max_position_embeddings)
        )


def task_of(processor: Optional[str]) -> Optional[str]:
    """The task that data_processor names, if any.

    >>> task_of("Sst2DataProcessor")
    'sst2'
    """
    return processor and processor.lower().replace("dataprocessor", "")


def _stated_task(processor, manifest: Manifest):
    """The task that data_processor names; None if it names none, or the one whose models answer
    the dataset's task."""
    stated = task_of(processor)
    return None if stated == tasks.ANSWERED_BY.get(manifest.task) else stated


def everything(config: Config, manifest: Manifest, checkpoint) -> Config:
    """The configuration with nothing unset; arguments as for `model`."""
    is_mixed = config.model.mixed_precision is not False
    return dataclasses.replace(
        config,
        model=model(config.model, manifest, checkpoint, print),
        optimizer=optimizer(config.optimizer, is_mixed),
    )


def model(config: ModelConfig, manifest: Manifest, checkpoint, log) -> ModelConfig:
    """The model with nothing unset.

    Args:
      config: as the YAML has it.
      manifest: the dataset's manifest; vocab_size, num_cls_classes and multi_label come from it.
      checkpoint: a Pretrained, or None.
      log: receives lines on what of the checkpoint is left out, assumed, or overridden by the YAML.
    Raises:
      UserError: the checkpoint's sizes or vocabulary are not the run's; all differences are named.
    """
    config = dataclasses.replace(
        config,
        vocab_size=manifest.vocabulary.size,
        num_cls_classes=manifest.num_classes,
        multi_label=manifest.multi_label,
    )
    if checkpoint is not None:
        fit.check_fits(config, manifest, checkpoint, log)
    for name, default in {**modelzoo.DEFAULTS, "use_segment_embedding": True}.items():
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
