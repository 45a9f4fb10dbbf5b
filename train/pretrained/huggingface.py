"""Reads a Hugging Face BERT folder: config.json and model.safetensors.

Names are those of `BertModel`, `BertForPreTraining` and `BertForSequenceClassification`, with or
without the `bert.` prefix, and with LayerNorm.weight/bias or the older LayerNorm.gamma/beta. A
kernel is stored transposed there, [outputs, inputs].
"""

import json
import os
import re
from dataclasses import dataclass
from typing import Dict, Optional

import ml_dtypes  # noqa: F401  teaches NumPy the name bfloat16
import numpy as np
from safetensors import SafetensorError, safe_open

from shared import vocab
from shared.errors import UserError
from train import variables

CONFIG_FILE, WEIGHTS_FILE = "config.json", "model.safetensors"

# config.json's names of our sizes, {ours: theirs}.
_SIZES = {
    "vocab_size": "vocab_size",
    "hidden_size": "hidden_size",
    "num_heads": "num_attention_heads",
    "num_hidden_layers": "num_hidden_layers",
    "filter_size": "intermediate_size",
    "max_position_embeddings": "max_position_embeddings",
}
# Their names of the nonlinearity, {theirs: ours}.
_NONLINEARITIES = {
    "gelu": "gelu_erf",
    "gelu_new": "gelu",
    "gelu_pytorch_tanh": "gelu",
}
_LAYER_NORM_EPS = 1e-12  # transformers' default
# Parts of a checkpoint that a classifier does not use: the MLM head, the NSP output, and an index.
_UNUSED = re.compile(r"cls\.(predictions|seq_relationship)\.|embeddings\.position_ids$")


@dataclass(frozen=True)
class Pretrained:
    """A checkpoint in our terms.

    Attributes:
      path: where it was read.
      weights: {our variable name: float32 array}.
      sizes: {name in shared.config.ModelConfig: value}.
      encoder_nonlinearity, layer_norm_epsilon: what the checkpoint was trained with.
      vocab_file: the vocabulary that lies beside it, or None.
      lower_case: whether its tokenizer lower-cases, or None where it does not say.
    """

    path: str
    weights: Dict[str, np.ndarray]
    sizes: Dict[str, int]
    encoder_nonlinearity: str
    layer_norm_epsilon: float
    vocab_file: Optional[str]
    lower_case: Optional[bool]


def read(folder: str) -> Pretrained:
    """Reads the folder.

    Raises:
      UserError: it is not such a folder, or holds a tensor that is no part of BERT.
    """
    config = _read_config(os.path.join(folder, CONFIG_FILE), folder)
    vocab_file = os.path.join(folder, "vocab.txt")
    return Pretrained(
        path=folder,
        weights=_weights(os.path.join(folder, WEIGHTS_FILE), config["num_hidden_layers"]),
        sizes={ours: config[theirs] for ours, theirs in _SIZES.items()},
        encoder_nonlinearity=_NONLINEARITIES[config.get("hidden_act", "gelu")],
        layer_norm_epsilon=float(config.get("layer_norm_eps", _LAYER_NORM_EPS)),
        vocab_file=vocab_file if os.path.exists(vocab_file) else None,
        lower_case=vocab.stated_case(folder),
    )


def _read_config(path: str, folder: str) -> dict:
    try:
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
    except (OSError, ValueError) as error:
        raise UserError(
            f"{folder} is not a Hugging Face checkpoint: cannot read {path} ({error}). Expected a "
            f"folder with {CONFIG_FILE} and {WEIGHTS_FILE}."
        ) from None
    if not isinstance(config, dict):
        raise UserError(f"{path}: expected a JSON mapping, found {config!r}")
    faults = [
        f"{key} is {config.get(key)!r}"
        for key in _SIZES.values()
        if type(config.get(key)) is not int
    ]
    if not isinstance(config.get("layer_norm_eps", _LAYER_NORM_EPS), (int, float)):
        faults.append(f"layer_norm_eps is {config['layer_norm_eps']!r}")
    if config.get("model_type", "bert") != "bert":
        faults.append(f"model_type is {config['model_type']!r}")
    if str(config.get("hidden_act", "gelu")) not in _NONLINEARITIES:
        known = ", ".join(_NONLINEARITIES)
        faults.append(f"hidden_act is {config['hidden_act']!r} (supported: {known})")
    if faults:
        raise UserError(f"{path} is not of a BERT that can be loaded: {'; '.join(faults)}")
    return config


def _weights(path: str, num_layers: int) -> Dict[str, np.ndarray]:
    ours = {theirs: name for name, theirs in names(num_layers).items()}
    weights, unknown = {}, []
    for theirs, array in _tensors(path).items():
        plain = re.sub(r"^bert\.", "", theirs)
        plain = plain.replace("LayerNorm.gamma", "LayerNorm.weight")
        plain = plain.replace("LayerNorm.beta", "LayerNorm.bias")
        if plain in ours:
            name = ours[plain]
            is_kernel = name.endswith("/kernel")
            weights[name] = np.ascontiguousarray(array.T if is_kernel else array, np.float32)
        elif not _UNUSED.match(plain):
            unknown.append(theirs)
    if unknown:
        raise UserError(
            f"{path} holds {len(unknown)} tensors that are no part of a BERT classifier of "
            f"{num_layers} layers:\n  " + "\n  ".join(sorted(unknown)) + "\nTake a checkpoint of "
            "BertModel, BertForPreTraining or BertForSequenceClassification, and its config.json."
        )
    return weights


def _tensors(path: str) -> Dict[str, np.ndarray]:
    try:
        with safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise UserError(
            f"cannot read {path}: {error}. A checkpoint must have its weights as {WEIGHTS_FILE}; "
            "one that has only pytorch_model.bin is converted with transformers' "
            "save_pretrained(folder, safe_serialization=True)."
        ) from None


def names(num_layers: int) -> Dict[str, str]:
    """{our variable name: its name in a Hugging Face BERT, without `bert.`}."""
    table = {
        variables.WORD_EMBEDDINGS: "embeddings.word_embeddings.weight",
        variables.POSITION_EMBEDDINGS: "embeddings.position_embeddings.weight",
        variables.SEGMENT_EMBEDDINGS: "embeddings.token_type_embeddings.weight",
    }
    table.update(_norm(variables.EMBEDDING_NORM, "embeddings.LayerNorm"))
    for layer in range(num_layers):
        theirs = f"encoder.layer.{layer}."
        for ours, part in (
            (variables.QUERY, "query"),
            (variables.KEY, "key"),
            (variables.VALUE, "value"),
        ):
            table.update(
                _dense(variables.projection(layer, ours), theirs + "attention.self." + part)
            )
        attention = theirs + "attention.output."
        table.update(_dense(variables.attention_output(layer), attention + "dense"))
        table.update(_norm(variables.attention_norm(layer), attention + "LayerNorm"))
        table.update(_dense(variables.ffn_in(layer), theirs + "intermediate.dense"))
        table.update(_dense(variables.ffn_out(layer), theirs + "output.dense"))
        table.update(_norm(variables.ffn_norm(layer), theirs + "output.LayerNorm"))
    table.update(_dense(variables.POOLER, "pooler.dense"))
    table.update(_dense(variables.OUTPUT, "classifier"))
    return table


def _dense(ours: str, theirs: str) -> Dict[str, str]:
    return {ours + "/kernel": theirs + ".weight", ours + "/bias": theirs + ".bias"}


def _norm(ours: str, theirs: str) -> Dict[str, str]:
    return {ours + "/gamma": theirs + ".weight", ours + "/beta": theirs + ".bias"}
