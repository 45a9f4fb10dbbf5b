"""`model.pretrain_params_path`: inherits the model section of a pretraining YAML.

The Model Zoo's fine-tuning files leave out most of the model's sizes and rely on it. The path in
them is relative to the program's folder, the parent of the folder that the YAML is in.
"""

import os
from typing import Any, Dict, Tuple

from shared.config import settings
from shared.config.modelzoo_keys import PRETRAIN_PARAMS_PATH
from shared.mapping_files import read_yaml

# Not inherited, as in the Model Zoo: variable sequence length is for pretraining only.
_LEFT_OUT = ("use_vsl",)


def base_model(path: str, stated: str, own: Dict[str, Any]) -> Tuple[str, Dict[str, Any]]:
    """What a fine-tuning YAML inherits from its pretraining YAML.

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
    advice = f"It is named by {PRETRAIN_PARAMS_PATH}."
    base = read_yaml(found, advice, "the section model").get("model")
    if not isinstance(base, dict):
        raise ValueError(f"{found}: expected a section `model` with keys, found {base!r}")
    if PRETRAIN_PARAMS_PATH in base:
        raise ValueError(
            f"{found} itself has {PRETRAIN_PARAMS_PATH}; name the file that gives the sizes"
        )
    return found, {
        key: value for key, value in base.items() if key not in own and key not in _LEFT_OUT
    }


def _find(path: str, stated: str) -> str:
    """`stated`, relative to the YAML's folder or to its parent."""
    folder = os.path.dirname(os.path.abspath(path))
    tried = [os.path.normpath(os.path.join(at, stated)) for at in (folder, os.path.dirname(folder))]
    for candidate in tried:
        if os.path.isfile(candidate):
            return candidate
    raise ValueError(
        f"found neither {' nor '.join(sorted(set(tried), key=tried.index))}; put the pretraining "
        "YAML there, give another path, or write the model's sizes into this section instead"
    )
