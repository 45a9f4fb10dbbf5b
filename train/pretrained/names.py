"""The names of our variables in other formats; each table serves both reading and writing.

Ours are the Model Zoo's names (train/model/variables.py). Hugging Face's layers are Google's with
dots:
bert/encoder/layer_0/attention/self/query/kernel is bert.encoder.layer.0.attention.self.query.weight
"""

import re
from typing import Dict

from train.model import variables

GOOGLE_WORD_EMBEDDINGS = "bert/embeddings/word_embeddings"
_EMBEDDINGS = {
    variables.WORD_EMBEDDINGS: GOOGLE_WORD_EMBEDDINGS,
    variables.POSITION_EMBEDDINGS: "bert/embeddings/position_embeddings",
    variables.SEGMENT_EMBEDDINGS: "bert/embeddings/token_type_embeddings",
}


def _dense_layers(num_layers: int) -> Dict[str, str]:
    """{our dense layer: Google's}, except for the output layer."""
    layers = {
        variables.POOLER: "bert/pooler/dense",
        variables.MLM_DENSE: "cls/predictions/transform/dense",
    }
    for index in range(num_layers):
        theirs = f"bert/encoder/layer_{index}/"
        layers[variables.projection(index, variables.QUERY)] = theirs + "attention/self/query"
        layers[variables.projection(index, variables.KEY)] = theirs + "attention/self/key"
        layers[variables.projection(index, variables.VALUE)] = theirs + "attention/self/value"
        layers[variables.attention_output(index)] = theirs + "attention/output/dense"
        layers[variables.ffn_in(index)] = theirs + "intermediate/dense"
        layers[variables.ffn_out(index)] = theirs + "output/dense"
    return layers


def _norms(num_layers: int) -> Dict[str, str]:
    """{our layer norm: Google's}."""
    norms = {
        variables.EMBEDDING_NORM: "bert/embeddings/LayerNorm",
        variables.MLM_NORM: "cls/predictions/transform/LayerNorm",
    }
    for index in range(num_layers):
        theirs = f"bert/encoder/layer_{index}/"
        norms[variables.attention_norm(index)] = theirs + "attention/output/LayerNorm"
        norms[variables.ffn_norm(index)] = theirs + "output/LayerNorm"
    return norms


def google(num_layers: int, is_classifier: bool) -> Dict[str, str]:
    """{our variable name: its name in a Google TF1 checkpoint}.

    Args: is_classifier, whether the output layer is a classifier's, not next-sentence prediction's.
    """
    output = "" if is_classifier else "cls/seq_relationship/"
    return {
        **_EMBEDDINGS,
        **_with_parts(_dense_layers(num_layers), kernel="/kernel", bias="/bias"),
        **_with_parts(_norms(num_layers), gamma="/gamma", beta="/beta"),
        variables.OUTPUT + "/kernel": output + "output_weights",
        variables.OUTPUT + "/bias": output + "output_bias",
        variables.MLM_BIAS: "cls/predictions/output_bias",
    }


def hugging_face(num_layers: int, is_classifier: bool) -> Dict[str, str]:
    """{our variable name: its name in a Hugging Face BERT with a head}; arguments as `google`."""
    dense = _dense_layers(num_layers)
    dense[variables.OUTPUT] = "classifier" if is_classifier else "cls/seq_relationship"
    table = {
        **{ours: theirs + ".weight" for ours, theirs in _EMBEDDINGS.items()},
        **_with_parts(dense, kernel=".weight", bias=".bias"),
        **_with_parts(_norms(num_layers), gamma=".weight", beta=".bias"),
        variables.MLM_BIAS: "cls.predictions.bias",
        variables.MLM_OUTPUT_EMBEDDINGS: "cls.predictions.decoder.weight",
    }
    return {ours: _dotted(theirs) for ours, theirs in table.items()}


def modelzoo(num_layers: int) -> "set[str]":
    """All names that a Model Zoo checkpoint of BERT may hold."""
    return set(hugging_face(num_layers, is_classifier=True))


def _with_parts(layers: Dict[str, str], **parts: str) -> Dict[str, str]:
    """{layer: theirs} and {part: their ending} -> {layer/part: theirs with that ending}."""
    return {
        f"{ours}/{part}": theirs + ending
        for ours, theirs in layers.items()
        for part, ending in parts.items()
    }


def _dotted(name: str) -> str:
    return re.sub(r"/layer_(\d+)/", r"/layer.\1/", name).replace("/", ".")
