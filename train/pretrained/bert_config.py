"""Reads bert_config.json (Google) and config.json (Hugging Face), which share their keys."""

import json
from typing import Any, Dict, Mapping, NamedTuple

from shared.errors import UserError
from shared.mapping_files import read_json

# {our name of a size: theirs}
SIZES = {
    "vocab_size": "vocab_size",
    "hidden_size": "hidden_size",
    "num_heads": "num_attention_heads",
    "num_hidden_layers": "num_hidden_layers",
    "filter_size": "intermediate_size",
    "max_position_embeddings": "max_position_embeddings",
}
# {our name of a rate: theirs}; for the third, the first takes its place if it is not given.
_DROPOUT_RATES = {
    "dropout_rate": "hidden_dropout_prob",
    "attention_dropout_rate": "attention_probs_dropout_prob",
    "cls_dropout_rate": "classifier_dropout",
}
# What both use if the file does not say.
DEFAULT_ACTIVATION, DEFAULT_EPSILON = "gelu", 1e-12
# {key: the only value that our model computes}; other values change answers, but no shape.
_FIXED = {
    "model_type": "bert",
    "position_embedding_type": "absolute",
    "is_decoder": False,
    "is_encoder_decoder": False,
    "add_cross_attention": False,
}
# {hidden_act: our encoder_nonlinearity}; `gelu` is a different function in each.
GOOGLE_ACTIVATIONS = {"gelu": "gelu", "gelu_new": "gelu"}
HUGGING_FACE_ACTIVATIONS = {"gelu": "gelu_erf", "gelu_new": "gelu", "gelu_pytorch_tanh": "gelu"}


class BertConfig(NamedTuple):
    """path: of the file; sizes: {our name: value}; content: the whole mapping."""

    path: str
    sizes: Dict[str, int]
    encoder_nonlinearity: str
    layer_norm_epsilon: float
    content: Dict[str, Any]

    @property
    def dropout_rates(self) -> Dict[str, Any]:
        """{our name: value}, those that the file states."""
        stated = {ours: self.content.get(theirs) for ours, theirs in _DROPOUT_RATES.items()}
        if stated["cls_dropout_rate"] is None:
            stated["cls_dropout_rate"] = stated["dropout_rate"]
        return {name: rate for name, rate in stated.items() if rate is not None}


def read(path: str, activations: Dict[str, str]) -> BertConfig:
    """Reads the file.

    Args: activations, GOOGLE_ACTIVATIONS or HUGGING_FACE_ACTIVATIONS.
    Raises:
      UserError: it cannot be read, or does not describe a BERT; all faults are listed.
    """
    content = _mapping(path)
    activation = content.get("hidden_act", DEFAULT_ACTIVATION)
    epsilon = content.get("layer_norm_eps", DEFAULT_EPSILON)
    faults = [
        f"{key} is {content.get(key)!r}"
        for key in SIZES.values()
        if type(content.get(key)) is not int
    ]
    if type(epsilon) not in (int, float):
        faults.append(f"layer_norm_eps is {epsilon!r}")
    faults += [
        f"{key} is {content[key]!r} (supported: {json.dumps(value)})"
        for key, value in _FIXED.items()
        if content.get(key, value) != value
    ]
    if str(activation) not in activations:
        faults.append(f"hidden_act is {activation!r} (supported: {', '.join(activations)})")
    if faults:
        raise UserError(f"{path}: not a BERT that can be loaded: {'; '.join(faults)}")
    sizes = {ours: content[theirs] for ours, theirs in SIZES.items()}
    return BertConfig(path, sizes, activations[activation], float(epsilon), content)


def theirs_of_rates(rates: Mapping[str, Any]) -> Dict[str, Any]:
    """Dropout rates under their keys; the inverse of BertConfig.dropout_rates."""
    stated = {theirs: rates[ours] for ours, theirs in _DROPOUT_RATES.items() if ours in rates}
    if rates.get("cls_dropout_rate") == rates.get("dropout_rate"):
        stated.pop(_DROPOUT_RATES["cls_dropout_rate"], None)
    return stated


def states_sizes(path: str) -> bool:
    """Whether a JSON file describes a model such as BERT at all."""
    return any(key in SIZES.values() for key in _mapping(path))


def _mapping(path: str) -> Dict[str, Any]:
    return read_json(path, "It must give the sizes of the checkpoint beside it.")
