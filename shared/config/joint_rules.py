"""Contradictions between the settings of a configuration."""

from typing import Any, Dict, List, Set

from shared import metric_names
from shared.config.input_sections import INPUTS, TRAIN_INPUT

# Settings of runconfig for one thing, of which only one may be given.
ALTERNATIVES = (
    ("num_epochs", "steps", "max_steps"),
    ("save_checkpoints_epochs", "save_checkpoints_steps"),
)


def errors(sections: Dict[str, Any], given: Dict[str, Any], csconfig: Dict[str, Any]) -> List[str]:
    """One line for every contradiction.

    Args:
      sections: {name: its dataclass, or None if the section itself has an error}.
      given: the sections as read from the YAML; a dataclass cannot tell a given value from a
        default.
      csconfig: as shared.config.Config has it.
    """
    model, optimizer, run = (sections[name] for name in ("model", "optimizer", "runconfig"))
    quality = sections.get("quality")
    found = _grouping(sections[TRAIN_INPUT])
    if model:
        found += _model(model) + _lengths(sections, model)
        if csconfig.get("use_cbfloat16") and not model.mixed_precision:
            found.append(
                "csconfig.use_cbfloat16: it replaces float16, but model.mixed_precision is false; "
                "set it to true"
            )
    if optimizer:
        found += (
            _update(optimizer, given.get("optimizer")) + _gradients(optimizer) + _rate(optimizer)
        )
    if run:
        found += _lengths_of_run(given.get("runconfig") or {})
    if quality:
        found += _band(quality)
    return found


def _band(quality) -> List[str]:
    limits = {"low": quality.low, "high": quality.high}
    if quality.metric is None or metric_names.is_bounded(quality.metric):
        beyond = {key: limit for key, limit in limits.items() if not -1 <= limit <= 1}
        if beyond:
            return [
                f"quality.{key}: expected a score from -1 to 1 (92.7 % is 0.927), found {limit:g}"
                for key, limit in beyond.items()
            ]
    if quality.low < quality.high:
        return []
    return [f"quality.low {quality.low:g} and high {quality.high:g}: expected low below high"]


def _grouping(inputs) -> List[str]:
    """Settings that make group_by_length useless, or contradict it."""
    if not inputs or not inputs.group_by_length:
        return []
    key = "train_input.group_by_length"
    found = [] if inputs.shuffle else [f"{key} shuffles, but shuffle is false: change one of them"]
    if inputs.input_fn:
        found.append(f"{key}: input_fn {inputs.input_fn} makes its own batches; remove one of them")
    return found


def _model(model) -> List[str]:
    if not model.hidden_size % model.num_heads:
        return []
    return [
        f"model.hidden_size {model.hidden_size} is not a multiple of model.num_heads "
        f"{model.num_heads}"
    ]


def _lengths(sections, model) -> List[str]:
    limit = model.max_position_embeddings
    return [
        f"{name}.max_sequence_length {sections[name].max_sequence_length} exceeds "
        f"model.max_position_embeddings {limit}"
        for name in INPUTS
        if sections[name] and (sections[name].max_sequence_length or 0) > limit
    ]


def _update(optimizer, given) -> List[str]:
    """Settings that this optimizer_type would silently ignore."""
    kind, found = optimizer.optimizer_type, []
    if optimizer.weight_decay_rate and kind != "adamw":
        found.append(
            f"optimizer.weight_decay_rate {optimizer.weight_decay_rate:g}: only optimizer_type "
            f"adamw decays weights, {kind} does not; use adamw or set it to 0"
        )
    if optimizer.use_bias_correction and kind in ("sgd", "momentum"):
        found.append(
            f"optimizer.use_bias_correction: it belongs to optimizer_type adamw (adam always has "
            f"it), {kind} has no moments to correct; remove it"
        )
    if given.get("momentum") is not None and kind != "momentum":
        found.append(
            f"optimizer.momentum: it belongs to optimizer_type momentum, not {kind}; adamw and "
            "adam have beta1 and beta2"
        )
    return found


def alternatives(section: str, key: str) -> Set[str]:
    """The keys of a section that cannot be given together with this one."""
    groups = [group for group in ALTERNATIVES if section == "runconfig" and key in group]
    return {other for group in groups for other in group if other != key}


def _lengths_of_run(given: Dict[str, Any]) -> List[str]:
    """Two settings for one thing."""
    stated = [[key for key in group if given.get(key) is not None] for group in ALTERNATIVES]
    return [
        f"runconfig.{' and '.join(keys)}: give only one of them" for keys in stated if len(keys) > 1
    ]


def _rate(optimizer) -> List[str]:
    """warmup_ratio and learning_rate_decay shape a rate that is a number."""
    named = {"warmup_ratio": optimizer.warmup_ratio,
             "learning_rate_decay": optimizer.learning_rate_decay}  # fmt: skip
    keys = " and ".join(key for key, value in named.items() if value is not None)
    if not keys:
        return []
    found = []
    (first, *others) = optimizer.learning_rate
    if others or first.scheduler != "Constant" or first.duration:
        found.append(f"optimizer.{keys}: learning_rate has schedules already; make it a number")
    if optimizer.disable_lr_steps_reset:
        found.append(f"optimizer.{keys}: disable_lr_steps_reset has no effect with it; remove it")
    return found


def _gradients(optimizer) -> List[str]:
    found = []
    if optimizer.max_gradient_norm and optimizer.max_gradient_value:
        found.append(
            "optimizer.max_gradient_norm and max_gradient_value: gradients are clipped by norm "
            "or by value, not both; set one to 0"
        )
    scales = (optimizer.min_loss_scale, optimizer.initial_loss_scale, optimizer.max_loss_scale)
    if list(scales) != sorted(scales):
        found.append(
            "optimizer.min_loss_scale, initial_loss_scale and max_loss_scale: expected them in "
            f"ascending order, found {', '.join(f'{scale:g}' for scale in scales)}"
        )
    return found
