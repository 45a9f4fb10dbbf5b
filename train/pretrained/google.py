"""Reads Google's BERT: bert_model.ckpt of TensorFlow 1, and its configuration if beside it."""

import os
import re
from typing import Any, Dict, List

import numpy as np

from shared.errors import UserError
from train.model import variables
from train.pretrained import bert_config, names, output_layer, texts
from train.pretrained.bert_config import GOOGLE_ACTIVATIONS, BertConfig
from train.pretrained.output_layer import OutputLayer
from train.pretrained.weights import Pretrained, renamed, rows_of, sizes_of

FORMAT = "Google TF1 checkpoint"
# Under the second name where Hugging Face published the checkpoint.
CONFIG_FILES = ("bert_config.json", "config.json")


def recognizes(tensors: Dict[str, np.ndarray]) -> bool:
    """Whether the variables of a TensorFlow checkpoint have Google's names."""
    return names.GOOGLE_WORD_EMBEDDINGS in tensors


def interpret(prefix: str, tensors: Dict[str, np.ndarray]) -> Pretrained:
    """The checkpoint in our terms.

    Without its configuration the number of heads is unknown.

    Args: tensors, {Google's name: array}.
    """
    folder = os.path.dirname(prefix)
    config = _config(folder)
    num_layers = config.sizes.get("num_hidden_layers", _count_layers(tensors))
    layer = OutputLayer()
    if "output_weights" in tensors:
        # `architectures` is of the Hugging Face model whose config.json this was.
        stated = {**config.content, "architectures": None}
        layer = output_layer.read(stated, tensors["output_weights"], config.path)
    table = names.google(num_layers, layer.is_classifier)
    ours = {theirs: name for name, theirs in table.items()}
    found = renamed(tensors, ours.get, lambda name: name.startswith("bert/"), prefix)
    output = variables.OUTPUT + "/kernel"
    if output in found.weights:  # [outputs, hidden_size] there
        found.weights[output] = np.ascontiguousarray(found.weights[output].T)
    return Pretrained(
        path=prefix,
        format=FORMAT,
        sizes={**sizes_of(found.weights, num_layers), **config.sizes, **rows_of(found.weights)},
        encoder_nonlinearity=config.encoder_nonlinearity,
        layer_norm_epsilon=config.layer_norm_epsilon,
        dropout_rates=config.dropout_rates,
        **found._asdict(),
        **layer._asdict(),
        **texts.facts(folder, {}),
    )


def _config(folder: str) -> BertConfig:
    """What the folder says; if it says nothing, the defaults of Google's code, and no sizes.

    Raises:
      UserError: two configurations contradict each other.
    """
    paths = _config_paths(folder)
    found = [bert_config.read(path, GOOGLE_ACTIVATIONS) for path in paths]
    if not found:
        nonlinearity = GOOGLE_ACTIVATIONS[bert_config.DEFAULT_ACTIVATION]
        return BertConfig(folder, {}, nonlinearity, bert_config.DEFAULT_EPSILON, {})
    facts = [_facts(config) for config in found]
    differing = [name for name, value in facts[0].items() if value != facts[-1][name]]
    if differing:
        lines = [f"  {n}: {facts[0][n]} and {facts[-1][n]}" for n in differing]
        raise UserError(
            f"{' and '.join(paths)} contradict each other; remove the wrong one:\n"
            + "\n".join(lines)
        )
    return found[0]


def _config_paths(folder: str) -> List[str]:
    """The files that describe the checkpoint; a config.json may be of something else."""
    own, other = (os.path.join(folder, name) for name in CONFIG_FILES)
    described = os.path.exists(other) and bert_config.states_sizes(other)
    return [*([own] if os.path.exists(own) else []), *([other] if described else [])]


def _facts(config: BertConfig) -> Dict[str, Any]:
    """What two configurations must agree on; the table's rows are counted, not read here."""
    facts = {**config.sizes, **config._asdict()}
    left_out = ("vocab_size", "path", "sizes", "content")
    return {name: facts[name] for name in facts if name not in left_out}


def _count_layers(tensors: Dict[str, np.ndarray]) -> int:
    matches = (re.match(r"bert/encoder/layer_(\d+)/", name) for name in tensors)
    return 1 + max((int(match.group(1)) for match in matches if match), default=-1)
