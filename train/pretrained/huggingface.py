"""Reads and writes a Hugging Face BERT folder: config.json and model.safetensors, or its shards.

Names are those of `BertModel`, `BertForPreTraining` and `BertForSequenceClassification`, with or
without the `bert.` prefix, and with LayerNorm.weight/bias or the older LayerNorm.gamma/beta. A
kernel is stored transposed there, [outputs, inputs].
"""

import json
import os
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from shared import tokenizer_files
from shared.errors import UserError
from shared.files import write_whole
from shared.mapping_files import read_json
from train.model import variables
from train.pretrained import bert_config, names, safetensors_file, texts
from train.pretrained.bert_config import HUGGING_FACE_ACTIVATIONS
from train.pretrained.weights import Pretrained, renamed

FORMAT = "Hugging Face checkpoint"
CONFIG_FILE, WEIGHTS_FILE = "config.json", "model.safetensors"
SHARDS_FILE = WEIGHTS_FILE + ".index.json"
# The MLM bias under a second name: transformers ties the two only if the decoder is tied, too.
_DECODER_BIAS = "cls.predictions.decoder.bias"
# How transformers names classes when it only knows how many there are.
_NAMELESS = "LABEL_"
# {(has a masked-language head, has an output layer that is not a classifier's): class}
_ARCHITECTURES = {
    (True, True): "BertForPreTraining",
    (True, False): "BertForMaskedLM",
    (False, True): "BertForNextSentencePrediction",
    (False, False): "BertModel",
}


_WEIGHT_MAP = 'Expected {"weight_map": {tensor: file}}; copy the checkpoint again.'


def recognizes(folder: str) -> bool:
    """Whether the folder holds safetensors under one of the names that transformers gives them."""
    return any(os.path.exists(os.path.join(folder, name)) for name in (WEIGHTS_FILE, SHARDS_FILE))


def read(folder: str) -> Pretrained:
    """Reads the folder.

    Raises:
      UserError: a file is missing or damaged, or does not belong to a BERT.
    """
    config = bert_config.read(os.path.join(folder, CONFIG_FILE), HUGGING_FACE_ACTIVATIONS)
    tensors = _tensors(folder)
    num_layers = config.sizes["num_hidden_layers"]
    is_classifier = "classifier.weight" in tensors
    weights, left_over = _weights(tensors, names.hugging_face(num_layers, is_classifier), folder)
    return Pretrained(
        path=folder,
        format=FORMAT,
        weights=weights,
        left_over=left_over,
        sizes=config.sizes,
        encoder_nonlinearity=config.encoder_nonlinearity,
        layer_norm_epsilon=config.layer_norm_epsilon,
        is_classifier=is_classifier,
        label_names=_label_names(config.content, folder) if is_classifier else None,
        **texts.facts(folder, {}),
    )


def _tensors(folder: str) -> Dict[str, np.ndarray]:
    """{name: array} of all shards."""
    tensors = {}
    for file in _shards(folder):
        tensors.update(safetensors_file.read(os.path.join(folder, file)))
    return tensors


def _shards(folder: str) -> List[str]:
    """The files that hold the tensors.

    Raises:
      UserError: the list of shards is damaged, or some of its files are missing; all are named.
    """
    if os.path.exists(os.path.join(folder, WEIGHTS_FILE)):
        return [WEIGHTS_FILE]
    path = os.path.join(folder, SHARDS_FILE)
    try:
        shards = sorted(set(read_json(path, _WEIGHT_MAP)["weight_map"].values()))
        missing = [name for name in shards if not os.path.exists(os.path.join(folder, name))]
    except (KeyError, TypeError, AttributeError):
        raise UserError(f"{path} names no shards. {_WEIGHT_MAP}") from None
    if missing:
        raise UserError(
            f"{folder} is incomplete: {SHARDS_FILE} names missing files: " + ", ".join(missing)
        )
    return shards


def _weights(
    tensors: Dict[str, np.ndarray], table: Dict[str, str], folder: str
) -> Tuple[Dict[str, np.ndarray], Tuple[str, ...]]:
    """The tensors under our names, and the names of those that are not part of BERT."""
    ours = {theirs: name for name, theirs in table.items()}
    ours[_DECODER_BIAS] = variables.MLM_BIAS

    def our_name(theirs: str) -> Optional[str]:
        plain = theirs.replace("LayerNorm.gamma", "LayerNorm.weight")
        plain = plain.replace("LayerNorm.beta", "LayerNorm.bias")
        return ours.get(plain) or ours.get("bert." + plain)

    # An index, 0, 1, 2, ..., that older versions saved.
    kept = {name: tensors[name] for name in tensors if not name.endswith(".position_ids")}
    weights, left_over = renamed(kept, our_name, folder)
    weights = {name: _transposed(name, array) for name, array in weights.items()}
    decoder = weights.get(variables.MLM_OUTPUT_EMBEDDINGS)
    if decoder is not None and np.array_equal(decoder, weights.get(variables.WORD_EMBEDDINGS)):
        del weights[variables.MLM_OUTPUT_EMBEDDINGS]  # tied: written twice
    return weights, left_over


def _transposed(name: str, array: np.ndarray) -> np.ndarray:
    """Transposes a kernel: from theirs to ours and back."""
    return np.ascontiguousarray(array.T if name.endswith("/kernel") else array)


def _label_names(content: Dict[str, Any], folder: str) -> Optional[Tuple[str, ...]]:
    """id2label in the order of the ids; None if it holds no names."""
    labels = content.get("id2label") or {}
    try:
        found = tuple(labels[str(index)] for index in range(len(labels)))
        nameless = all(name.startswith(_NAMELESS) for name in found)
    except (KeyError, TypeError, AttributeError):
        raise UserError(
            f"{os.path.join(folder, CONFIG_FILE)}: id2label is {labels!r}, expected "
            '{"0": <name of label 0>, "1": ...}'
        ) from None
    return None if nameless else found


def write(folder: str, pretrained: Pretrained) -> None:
    """Writes what transformers' from_pretrained loads and what `read` reads back.

    Raises:
      UserError: the number of heads is unknown.
    """
    # Imported here because Cerebras' container lacks this library; there, folders are only read.
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    config = _config(pretrained)
    table = names.hugging_face(pretrained.sizes["num_hidden_layers"], pretrained.is_classifier)
    weights = pretrained.weights
    tensors = {table[name]: _transposed(name, array) for name, array in weights.items()}
    if variables.MLM_OUTPUT_EMBEDDINGS in weights and variables.MLM_BIAS in weights:
        tensors[_DECODER_BIAS] = weights[variables.MLM_BIAS]
    try:
        # transformers rejects a file that does not say which library's conventions it follows.
        save_file(tensors, os.path.join(folder, WEIGHTS_FILE), metadata={"format": "pt"})
    except SafetensorError as error:
        raise UserError(f"cannot write {WEIGHTS_FILE}: {error}; free disk space") from None
    _write_json(os.path.join(folder, CONFIG_FILE), config)
    if pretrained.lower_case is not None:
        tokenizer = {"tokenizer_class": "BertTokenizer", **tokenizer_files.settings(pretrained)}
        _write_json(os.path.join(folder, tokenizer_files.CONFIG_FILE), tokenizer)


def _write_json(path: str, content: Dict[str, Any]) -> None:
    write_whole(path, json.dumps(content, indent=2) + "\n")


def _config(pretrained: Pretrained) -> Dict[str, Any]:
    """config.json."""
    if "num_heads" not in pretrained.sizes:
        raise UserError(
            f"{pretrained.path} ({pretrained.format}) does not give its number of attention heads, "
            "which a Hugging Face folder requires: put its bert_config.json (Google) or its "
            "params.yaml with model.num_heads (Model Zoo) beside it"
        )
    weights = pretrained.weights
    acts = {ours: theirs for theirs, ours in reversed(HUGGING_FACE_ACTIVATIONS.items())}
    config = {
        "model_type": "bert",
        **{theirs: pretrained.sizes[ours] for ours, theirs in bert_config.SIZES.items()},
        "type_vocab_size": variables.SEGMENTS,
        "hidden_act": acts[pretrained.encoder_nonlinearity],
        "layer_norm_eps": pretrained.layer_norm_epsilon,
        "tie_word_embeddings": variables.MLM_OUTPUT_EMBEDDINGS not in weights,
    }
    if pretrained.is_classifier:
        return {**config, **_classifier_config(pretrained)}
    heads = (variables.MLM_BIAS in weights, variables.OUTPUT + "/bias" in weights)
    return {**config, "architectures": [_ARCHITECTURES[heads]]}


def _classifier_config(pretrained: Pretrained) -> Dict[str, Any]:
    (outputs,) = pretrained.weights[variables.OUTPUT + "/bias"].shape
    label_names = pretrained.label_names or [f"{_NAMELESS}{index}" for index in range(outputs)]
    is_score = outputs == 1 and pretrained.label_names is None
    return {
        "architectures": ["BertForSequenceClassification"],
        "problem_type": "regression" if is_score else "single_label_classification",
        "id2label": {str(index): name for index, name in enumerate(label_names)},
        "label2id": {name: index for index, name in enumerate(label_names)},
    }
