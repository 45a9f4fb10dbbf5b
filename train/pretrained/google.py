"""Reads Google's BERT: bert_model.ckpt of TensorFlow 1, and bert_config.json if beside it."""

import os
import re
from typing import Dict

import numpy as np

from train.model import variables
from train.pretrained import bert_config, names, texts
from train.pretrained.bert_config import GOOGLE_ACTIVATIONS, BertConfig
from train.pretrained.weights import Pretrained, renamed, sizes_of

FORMAT = "Google TF1 checkpoint"
CONFIG_FILE = "bert_config.json"


def recognizes(tensors: Dict[str, np.ndarray]) -> bool:
    """Whether the variables of a TensorFlow checkpoint have Google's names."""
    return names.GOOGLE_WORD_EMBEDDINGS in tensors


def interpret(prefix: str, tensors: Dict[str, np.ndarray]) -> Pretrained:
    """The checkpoint in our terms.

    Without bert_config.json the number of heads is unknown.

    Args: tensors, {Google's name: array}.
    """
    folder = os.path.dirname(prefix)
    config = _config(folder)
    num_layers = config.sizes.get("num_hidden_layers", _count_layers(tensors))
    is_classifier = "output_weights" in tensors
    table = names.google(num_layers, is_classifier)
    ours = {theirs: name for name, theirs in table.items()}
    weights, left_over = renamed(tensors, ours.get, prefix)
    output = variables.OUTPUT + "/kernel"
    if output in weights:  # [outputs, hidden_size] there
        weights[output] = np.ascontiguousarray(weights[output].T)
    return Pretrained(
        path=prefix,
        format=FORMAT,
        weights=weights,
        left_over=left_over,
        sizes={**sizes_of(weights, num_layers), **config.sizes},
        encoder_nonlinearity=config.encoder_nonlinearity,
        layer_norm_epsilon=config.layer_norm_epsilon,
        is_classifier=is_classifier,
        label_names=None,
        **texts.facts(folder, {}),
    )


def _config(folder: str) -> BertConfig:
    """bert_config.json; if it is missing, the defaults of Google's code, and no sizes."""
    path = os.path.join(folder, CONFIG_FILE)
    if os.path.exists(path):
        return bert_config.read(path, GOOGLE_ACTIVATIONS)
    nonlinearity = GOOGLE_ACTIVATIONS[bert_config.DEFAULT_ACTIVATION]
    return BertConfig({}, nonlinearity, bert_config.DEFAULT_EPSILON, {})


def _count_layers(tensors: Dict[str, np.ndarray]) -> int:
    matches = (re.match(r"bert/encoder/layer_(\d+)/", name) for name in tensors)
    return 1 + max((int(match.group(1)) for match in matches if match), default=-1)
