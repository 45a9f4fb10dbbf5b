"""The params.yaml that the Model Zoo's run.py saves into its model_dir.

It is the YAML that run.py was given, with every default and, in runconfig, every option of the
command line. The pretraining YAML's model section is already in it, so its pretrain_params_path,
which was relative to the program, is not followed again.
"""

from typing import Any, Dict

from shared.config.input_sections import TRAIN_INPUT
from shared.config.modelzoo_keys import PRETRAIN_PARAMS_PATH, SAVED_OPTIONS


def recognizes(content: Dict[str, Any]) -> bool:
    """Whether run.py saved it; args: content, {section: {key: value}}."""
    run = content.get("runconfig")
    return isinstance(run, dict) and {*SAVED_OPTIONS} <= {*run}


def settle(content: Dict[str, Any]) -> None:
    """Removes the path of what is already in the content, and states the rows of the position
    table, which the Model Zoo gives as many as the training's records have tokens if it is null.
    """
    model, train = content.get("model"), content.get(TRAIN_INPUT)
    if not isinstance(model, dict):
        return
    model.pop(PRETRAIN_PARAMS_PATH, None)
    if model.get("max_position_embeddings") is None and isinstance(train, dict):
        model["max_position_embeddings"] = train.get("max_sequence_length")
