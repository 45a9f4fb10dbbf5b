"""Reads and writes checkpoints with the Model Zoo's names; our own trainings have them, too.

What the variables do not tell is in params.yaml beside them: the section `model` and, if we wrote
it, the section `data` about the labels and the text.
"""

import dataclasses
import os
import re
from typing import Any, Dict

import numpy as np
import yaml

from shared import config, quiet, vocab
from shared.config import ModelConfig
from shared.errors import UserError
from shared.files import write_whole
from shared.mapping_files import read_yaml
from train.checkpoints import model_dir
from train.model import variables
from train.pretrained import names, texts
from train.pretrained.weights import Pretrained, renamed, sizes_of

FORMAT, OWN_FORMAT = "Model Zoo checkpoint", "train.run checkpoint"
# What every configuration that the Model Zoo ships states.
DEFAULTS = {"encoder_nonlinearity": "gelu", "layer_norm_epsilon": 1e-5}
# The default of its code, where a configuration of one's own does not state it.
_UNSTATED = {"layer_norm_epsilon": 1e-8}

_MODEL, _DATA = "model", config.DATA_SECTION
DROPOUT_RATES = ("dropout_rate", "attention_dropout_rate", "cls_dropout_rate")
_MODEL_KEYS = ("num_heads", *DROPOUT_RATES, *DEFAULTS)


def recognizes(tensors: Dict[str, np.ndarray]) -> bool:
    """Whether the variables of a TensorFlow checkpoint have the Model Zoo's names."""
    return variables.WORD_EMBEDDINGS in tensors


def interpret(prefix: str, tensors: Dict[str, np.ndarray]) -> Pretrained:
    """The checkpoint in our terms.

    Args: tensors, {variable name: array}.
    """
    folder = os.path.dirname(prefix)
    model, data, is_own = _params(folder)
    num_layers = _count_layers(tensors)
    known = names.modelzoo(num_layers)
    found = renamed(tensors, lambda name: name if name in known else None, _is_inside, prefix)
    weights, sizes = found.weights, sizes_of(found.weights, num_layers)
    if "num_heads" in model:
        sizes["num_heads"] = model.pop("num_heads")
    dropout_rates = {key: model.pop(key) for key in DROPOUT_RATES if key in model}
    label_names = data.get("label_names")
    return Pretrained(
        path=prefix,
        format=OWN_FORMAT if is_own else FORMAT,
        sizes=sizes,
        is_classifier=variables.OUTPUT + "/kernel" in weights
        and variables.MLM_BIAS not in found.stored_as,
        label_names=None if label_names is None else tuple(label_names),
        is_multi_label=data.get("multi_label", False),
        vocabulary_name=data.get("vocabulary"),
        vocabulary_sha256=data.get("vocabulary_sha256"),
        is_own=is_own,
        use_segment_embedding=variables.SEGMENT_EMBEDDINGS in weights,
        dropout_rates=dropout_rates,
        **found._asdict(),
        **{**DEFAULTS, **model},
        **texts.facts(folder, data),
    )


def _is_inside(name: str) -> bool:
    """Whether a variable belongs to the encoder or the embeddings, not to a head."""
    return re.match("[^/]*(encoder|embedding)[^/]*/", name) is not None


def _count_layers(tensors: Dict[str, np.ndarray]) -> int:
    matches = (re.match(r"encoder/self_attention(?:_(\d+))?/", name) for name in tensors)
    return 1 + max((int(match.group(1) or 0) for match in matches if match), default=-1)


def _params(folder: str) -> "tuple[Dict[str, Any], Dict[str, Any], bool]":
    """From params.yaml: the settings of its section model, its section data, whether it is ours."""
    path = os.path.join(folder, model_dir.PARAMS_FILE)
    if not os.path.exists(path):
        return {}, {}, False
    content = _mapping(path)
    model, data = content.get(_MODEL) or {}, content.get(_DATA) or {}
    is_own = "fingerprint" in data
    if is_own:
        model_dir.read_params(folder)  # complains if keys are missing
    unstated = {} if is_own or not model else _UNSTATED
    return {**unstated, **_settings(path, model)}, data, is_own


def _mapping(path: str) -> Dict[str, Any]:
    advice = "Repair it, or remove it and set the model's sizes in the YAML."
    content = read_yaml(path, advice)
    for name in (_MODEL, _DATA):
        if not isinstance(content.get(name) or {}, dict):
            raise UserError(f"{path}: expected a mapping {name}, found {content[name]!r}. {advice}")
    return content


def _settings(path: str, model: Dict[str, Any]) -> Dict[str, Any]:
    parsers = {field.name: field.metadata["parse"] for field in dataclasses.fields(ModelConfig)}
    found, faults = {}, []  # type: Dict[str, Any], List[str]
    for key in _MODEL_KEYS:
        try:
            if model.get(key) is not None:
                found[key] = parsers[key](model[key])
        except ValueError as error:
            faults.append(f"  {_MODEL}.{key}: {error}")
    if faults:
        raise UserError(f"{path}: not a BERT that can be loaded:\n" + "\n".join(faults))
    return found


def write(folder: str, pretrained: Pretrained) -> None:
    """Writes model.ckpt-0, `checkpoint` and params.yaml, from which `interpret` loses nothing."""
    model_dir.check_name(folder)
    with quiet.native_stderr():
        from train.checkpoints import tensors as checkpoint

        tensors = {**pretrained.weights, checkpoint.GLOBAL_STEP: np.int64(0)}
        checkpoint.save(folder, 0, tensors, keep=0)
    settings = {
        **pretrained.sizes,
        **pretrained.dropout_rates,
        **{key: getattr(pretrained, key) for key in DEFAULTS},
        "use_segment_embedding": pretrained.use_segment_embedding,
    }
    data = {
        "label_names": pretrained.label_names and list(pretrained.label_names),
        "multi_label": pretrained.is_multi_label or None,
        "vocabulary": pretrained.vocabulary_name,
        "vocabulary_sha256": pretrained.vocabulary_sha256,
        **vocab.rules_of(pretrained),
    }
    known = {key: value for key, value in data.items() if value is not None}
    content = {_MODEL: settings, **({_DATA: known} if known else {})}
    text = yaml.safe_dump(content, sort_keys=False)
    write_whole(os.path.join(folder, model_dir.PARAMS_FILE), text)
