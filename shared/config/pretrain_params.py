"""`model.pretrain_params_path`: the model section of a pretraining YAML as the base of one's own.

The Model Zoo's fine-tuning files state so little of the model that they need it. Their path is
relative to the folder of the program, which is the parent of the folder where the YAML lies.
"""

import os
from typing import Any, Dict, Tuple

from shared.config import settings
from shared.config.modelzoo_keys import PRETRAIN_PARAMS_PATH
from shared.mapping_files import read_yaml

# Not taken over, as in the Model Zoo: variable sequence length belongs to pretraining.
_LEFT_OUT = ("use_vsl",)


def base_model(path: str, stated: str, own: Dict[str, Any]) -> Tuple[str, Dict[str, Any]]:
    """What a fine-tuning YAML takes over from its pretraining YAML.

    Args:
      path: the fine-tuning YAML.
      stated: its pretrain_params_path.
      own: the other keys of its model section; they win.
    Returns:
      (the pretraining YAML, {key: value} of its model section that `own` does not have).
    Raises:
      ValueError, UserError: it is in neither place, or has no model section.
    """
    found = _find(path, settings.text(stated))
    base = read_yaml(found, f"{PRETRAIN_PARAMS_PATH} names it", "the section model").get("model")
    if not isinstance(base, dict):
        raise ValueError(f"{found} has no section `model` with keys, found {base!r}")
    if PRETRAIN_PARAMS_PATH in base:
        raise ValueError(
            f"{found} has a {PRETRAIN_PARAMS_PATH} itself; give the file that states the sizes"
        )
    return found, {
        key: value for key, value in base.items() if key not in own and key not in _LEFT_OUT
    }


def _find(path: str, stated: str) -> str:
    """`stated` seen from the YAML's folder, or from its parent."""
    folder = os.path.dirname(os.path.abspath(path))
    tried = [os.path.normpath(os.path.join(at, stated)) for at in (folder, os.path.dirname(folder))]
    for candidate in tried:
        if os.path.isfile(candidate):
            return candidate
    raise ValueError(
        f"found neither {' nor '.join(sorted(set(tried), key=tried.index))}; put the pretraining "
        "YAML there, give another path, or write the model's sizes into this section instead"
    )
