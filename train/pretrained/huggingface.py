"""Reads and writes a Hugging Face BERT folder: config.json and model.safetensors, or its shards.

Names are those of `BertModel`, `BertForPreTraining` and `BertForSequenceClassification`, with or
without the `bert.` prefix, and with LayerNorm.weight/bias or the older LayerNorm.gamma/beta. A
kernel is stored transposed there, [outputs, inputs].
"""

import json
import os
import shutil
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from shared import shown, tokenizer_files
from shared.errors import UserError
from shared.files import is_plain_name, write_whole
from shared.mapping_files import read_json
from train.model import variables
from train.pretrained import bert_config, names, output_layer, safetensors_file, tables, texts
from train.pretrained.bert_config import HUGGING_FACE_ACTIVATIONS
from train.pretrained.output_layer import OutputLayer
from train.pretrained.weights import Pretrained, Renamed, renamed, rows_of

FORMAT = "Hugging Face checkpoint"
CONFIG_FILE, WEIGHTS_FILE = "config.json", "model.safetensors"
SHARDS_FILE = WEIGHTS_FILE + ".index.json"
# The MLM bias under a second name: transformers ties the two only if the decoder is tied, too.
_DECODER_BIAS = "cls.predictions.decoder.bias"
# What torch.nn.DataParallel puts before every name.
_PARALLEL = "module."
# Constants, not weights, that some versions of transformers saved: 0, 1, 2, ... and 0, 0, 0, ...
_BUFFERS = (".position_ids", ".token_type_ids")
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
    tensors, notes = _without_parallel(_tensors(folder), folder)
    layer, kernel = OutputLayer(), tensors.get("classifier.weight")
    if kernel is not None:
        layer = output_layer.read(config.content, kernel, config.path)
    table = names.hugging_face(config.sizes["num_hidden_layers"], layer.is_classifier)
    found = _renamed(tensors, table, folder)
    return Pretrained(
        path=folder,
        format=FORMAT,
        sizes={**config.sizes, **rows_of(found.weights)},
        encoder_nonlinearity=config.encoder_nonlinearity,
        layer_norm_epsilon=config.layer_norm_epsilon,
        dropout_rates=config.dropout_rates,
        notes=notes,
        **found._asdict(),
        **layer._asdict(),
        **texts.facts(folder, {}),
    )


def _without_parallel(
    tensors: Dict[str, np.ndarray], folder: str
) -> Tuple[Dict[str, np.ndarray], Tuple[str, ...]]:
    """The tensors without a prefix that all names have, and a line for the log if they had it."""
    if not tensors or not all(name.startswith(_PARALLEL) for name in tensors):
        return tensors, ()
    plain = {name[len(_PARALLEL) :]: array for name, array in tensors.items()}
    return plain, (
        f"{folder}: all names begin with {_PARALLEL} (DataParallel's), which is left off",
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
      UserError: the list of shards is damaged or names a path, or some of its files are missing;
        all are named.
    """
    if os.path.exists(os.path.join(folder, WEIGHTS_FILE)):
        return [WEIGHTS_FILE]
    path = os.path.join(folder, SHARDS_FILE)
    try:
        shards = sorted(set(read_json(path, _WEIGHT_MAP)["weight_map"].values()))
        outside = [name for name in shards if not is_plain_name(name)]
    except (KeyError, TypeError, AttributeError):
        raise UserError(f"{path} names no shards. {_WEIGHT_MAP}") from None
    if outside:
        listed = shown.listed(map(shown.plain, outside))
        raise UserError(f"{path} names {listed}, expected files beside it. {_WEIGHT_MAP}")
    missing = [name for name in shards if not os.path.exists(os.path.join(folder, name))]
    if missing:
        raise UserError(
            f"{folder} is incomplete: {SHARDS_FILE} names missing files: " + ", ".join(missing)
        )
    return shards


def _renamed(tensors: Dict[str, np.ndarray], table: Dict[str, str], folder: str) -> Renamed:
    ours = {theirs: name for name, theirs in table.items()}
    ours[_DECODER_BIAS] = variables.MLM_BIAS

    def our_name(theirs: str) -> Optional[str]:
        plain = theirs.replace("LayerNorm.gamma", "LayerNorm.weight")
        plain = plain.replace("LayerNorm.beta", "LayerNorm.bias")
        return ours.get(plain) or ours.get("bert." + plain)

    has_prefix = any(name.startswith("bert.") for name in tensors)
    inside = ("bert.",) if has_prefix else ("embeddings.", "encoder.", "pooler.")
    kept = {name: array for name, array in tensors.items() if not name.endswith(_BUFFERS)}
    found = renamed(kept, our_name, lambda name: name.startswith(inside), folder)
    weights = {name: _transposed(name, array) for name, array in found.weights.items()}
    decoder = weights.get(variables.MLM_OUTPUT_EMBEDDINGS)
    if decoder is not None and np.array_equal(decoder, weights.get(variables.WORD_EMBEDDINGS)):
        del weights[variables.MLM_OUTPUT_EMBEDDINGS]  # tied: written twice
    return found._replace(weights=weights)


def _transposed(name: str, array: np.ndarray) -> np.ndarray:
    """Transposes a kernel: from theirs to ours and back."""
    return np.ascontiguousarray(array.T if name.endswith("/kernel") else array)


def write(folder: str, pretrained: Pretrained) -> None:
    """Writes what transformers' from_pretrained loads and what `read` reads back.

    Raises:
      UserError: the number of heads is unknown.
    """
    # Imported here because Cerebras' container lacks this library; there, folders are only read.
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    weights = tables.with_segments(pretrained.weights)
    config = _config(pretrained, weights)
    table = names.hugging_face(pretrained.sizes["num_hidden_layers"], pretrained.is_classifier)
    tensors = {table[name]: _transposed(name, array) for name, array in weights.items()}
    if variables.MLM_OUTPUT_EMBEDDINGS in weights and variables.MLM_BIAS in weights:
        tensors[_DECODER_BIAS] = weights[variables.MLM_BIAS]
    config_path, weights_path = (os.path.join(folder, name) for name in (CONFIG_FILE, WEIGHTS_FILE))
    _write_json(config_path, config)
    try:
        # transformers rejects a file that does not say which library's conventions it follows.
        save_file(tensors, weights_path, metadata={"format": "pt"})
    except SafetensorError as error:
        raise UserError(f"cannot write {WEIGHTS_FILE}: {error}; free disk space") from None
    shutil.copymode(config_path, weights_path)  # safetensors lets only the owner read it
    if pretrained.lower_case is not None:
        tokenizer_files.write(folder, pretrained)


def _write_json(path: str, content: Dict[str, Any]) -> None:
    write_whole(path, json.dumps(content, indent=2) + "\n")


def _config(pretrained: Pretrained, weights: Dict[str, np.ndarray]) -> Dict[str, Any]:
    """config.json."""
    if "num_heads" not in pretrained.sizes:
        raise UserError(
            f"{pretrained.path} ({pretrained.format}) does not give its number of attention heads, "
            "which a Hugging Face folder requires: put its bert_config.json (Google) or its "
            "params.yaml with model.num_heads (Model Zoo) beside it"
        )
    acts = {ours: theirs for theirs, ours in reversed(HUGGING_FACE_ACTIVATIONS.items())}
    if pretrained.encoder_nonlinearity not in acts:
        raise UserError(
            f"{pretrained.path} has model.encoder_nonlinearity {pretrained.encoder_nonlinearity}; "
            f"Hugging Face folders are written of {' and '.join(acts)} only"
        )
    config = {
        "model_type": "bert",
        **{theirs: pretrained.sizes[ours] for ours, theirs in bert_config.SIZES.items()},
        "type_vocab_size": weights[variables.SEGMENT_EMBEDDINGS].shape[0],
        **bert_config.theirs_of_rates(pretrained.dropout_rates),
        "hidden_act": acts[pretrained.encoder_nonlinearity],
        "layer_norm_eps": pretrained.layer_norm_epsilon,
        "tie_word_embeddings": variables.MLM_OUTPUT_EMBEDDINGS not in weights,
    }
    if pretrained.is_classifier:
        return {**config, **_classifier_config(pretrained)}
    heads = (variables.MLM_BIAS in weights, variables.OUTPUT + "/bias" in weights)
    return {**config, "architectures": [_ARCHITECTURES[heads]]}


def _classifier_config(pretrained: Pretrained) -> Dict[str, Any]:
    label_names = pretrained.label_names or output_layer.nameless(pretrained.outputs)
    of_classes = output_layer.MULTI_LABEL if pretrained.is_multi_label else output_layer.CLASSES
    return {
        "architectures": [output_layer.TEXT_CLASSIFIER],
        "problem_type": output_layer.SCORE if pretrained.is_score else of_classes,
        "id2label": {str(index): name for index, name in enumerate(label_names)},
        "label2id": {name: index for index, name in enumerate(label_names)},
    }
