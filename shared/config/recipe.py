"""The fine-tuning recipe, under configurations that leave the model's sizes to the checkpoint."""

import os
from typing import Any, Dict

from shared.config.joint_rules import alternatives
from shared.config.modelzoo_keys import PRETRAIN_PARAMS_PATH
from shared.mapping_files import read_yaml

PATH = os.path.normpath(os.path.join(__file__, "..", "..", "..", "configs", "fine_tuning.yaml"))
SIZES = ("hidden_size", "num_heads", "num_hidden_layers", "filter_size")
# {key: keys of the recipe that it replaces, because the two contradict each other}
_REPLACED = {"max_gradient_value": ("max_gradient_norm",)}


def is_at(path: str) -> bool:
    """Whether a path is the recipe's own, which then is under nothing but the checkpoint."""
    return os.path.exists(path) and os.path.samefile(path, PATH)


def is_under(content: Dict[str, Any]) -> bool:
    """Whether a configuration states none of the model's sizes, so the recipe is under it."""
    model = content.get("model") or {}
    return isinstance(model, dict) and not {*SIZES, PRETRAIN_PARAMS_PATH} & {*model}


def laid_under(content: Dict[str, Any], model: Dict[str, Any]) -> Dict[str, Any]:
    """The configuration with what it leaves out.

    Args:
      content: {section: {key: value}} of a configuration.
      model: what the checkpoint says of the section model; it is between the two.
    """
    recipe = read_yaml(PATH, "It is a part of this project.")
    recipe["model"].update(model)
    merged = dict(content)
    for section, defaults in recipe.items():
        stated = content.get(section)
        if isinstance(stated, (dict, type(None))):
            stated = stated or {}
            in_effect = {key: value for key, value in stated.items() if value is not None}
            left = {key: defaults[key] for key in {*defaults} - _replaced(section, in_effect)}
            merged[section] = {**left, **stated}
    return merged


def _replaced(section: str, stated: Dict[str, Any]) -> set:
    """The recipe's keys that do not go with those of a section; a value of 0 turns its key off."""
    found = {name for key in stated if stated[key] for name in _REPLACED.get(key, ())}
    for key in stated:
        found |= alternatives(section, key)
    if isinstance(stated.get("learning_rate"), (list, dict)):
        found |= {"warmup_ratio", "learning_rate_decay"}  # schedules say it themselves
    if str(stated.get("optimizer_type", "adamw")).lower() != "adamw":
        found |= {"weight_decay_rate", "use_bias_correction"}
    return found
