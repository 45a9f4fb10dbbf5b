"""Every variable of the model: its name, shape and initial value, declared once.

The names are those of the Cerebras Model Zoo's classifier, so that each can read the other's
checkpoints. There a wrapper and the Keras layer inside it share a name, hence the doubling; the
first of several layers has no number: encoder/self_attention/..., encoder/self_attention_1/...
"""

from typing import NamedTuple, Tuple

from shared.config import ModelConfig

SEGMENTS = 2

WORD_EMBEDDINGS = "input_embedding/embedding_weights"
POSITION_EMBEDDINGS = "position_embedding/position_embedding_weights"
SEGMENT_EMBEDDINGS = "segment_embedding/segment_embedding_weights"
# A dense layer's name; its variables are <name>/kernel and <name>/bias.
POOLER = "cls_layer/cls_dense/cls_dense"
OUTPUT = "cls_layer/cls_output_dense/cls_output_dense"
# A layer norm's name; its variables are <name>/gamma and <name>/beta.
EMBEDDING_NORM = "pre_encoder_layer_norm/pre_encoder_layer_norm"

# For pretraining only. There OUTPUT belongs to next-sentence prediction, and the words are scored
# with WORD_EMBEDDINGS, or with a separate table (tokens, hidden_size).
MLM_DENSE = "mlm_layer/mlm_ffn/mlm_ffn"
MLM_NORM = "mlm_layer/mlm_layer_norm/mlm_layer_norm"
MLM_BIAS = "mlm_layer/mlm_bias"
MLM_OUTPUT_EMBEDDINGS = "embedding_weights"

QUERY, KEY, VALUE = "q_projection", "k_projection", "v_projection"


def is_head(name):
    """Whether a variable belongs to one task or to pretraining, not to the encoder or pooler."""
    return name.startswith((OUTPUT, MLM_OUTPUT_EMBEDDINGS, MLM_DENSE, MLM_NORM, MLM_BIAS))


def projection(layer, which):
    """The dense layer of a query, key or value projection."""
    return f"encoder/self_attention{_number(layer)}/{which}/{which}"


def attention_output(layer):
    return f"encoder/self_attention{_number(layer)}/output_transform/output_transform"


def attention_norm(layer):
    """The layer norm after the attention of a layer."""
    return _norm(2 * layer)


def ffn_in(layer):
    """The dense layer hidden_size -> filter_size."""
    return _ffn(layer, 2 * layer)


def ffn_out(layer):
    """The dense layer filter_size -> hidden_size."""
    return _ffn(layer, 2 * layer + 1)


def ffn_norm(layer):
    """The layer norm after the feed-forward part of a layer."""
    return _norm(2 * layer + 1)


def _number(index):
    return f"_{index}" if index else ""


def _norm(index):
    name = f"layer_normalization_layer{_number(index)}"
    return f"encoder/{name}/{name}"


def _ffn(layer, index):
    name = f"dense_layer{_number(index)}"
    return f"encoder/ffn{_number(layer)}/{name}/{name}"


class Spec(NamedTuple):
    """One variable; `initial` is truncated_normal, zeros or ones."""

    name: str
    shape: Tuple[int, ...]
    initial: str


def table(model: ModelConfig):
    """The Specs of all variables, in the order in which the model uses them.

    Args: model, with vocab_size and num_cls_classes set.
    """
    hidden = model.hidden_size
    specs = [
        Spec(WORD_EMBEDDINGS, (model.vocab_size, hidden), "truncated_normal"),
        Spec(POSITION_EMBEDDINGS, (model.max_position_embeddings, hidden), "truncated_normal"),
        *_segment_specs(model),
        *_norm_specs(EMBEDDING_NORM, hidden),
    ]
    for layer in range(model.num_hidden_layers):
        for which in (QUERY, KEY, VALUE):
            specs += _dense_specs(projection(layer, which), hidden, hidden)
        specs += _dense_specs(attention_output(layer), hidden, hidden)
        specs += _norm_specs(attention_norm(layer), hidden)
        specs += _dense_specs(ffn_in(layer), hidden, model.filter_size)
        specs += _dense_specs(ffn_out(layer), model.filter_size, hidden)
        specs += _norm_specs(ffn_norm(layer), hidden)
    specs += _dense_specs(POOLER, hidden, hidden)
    specs += _dense_specs(OUTPUT, hidden, model.num_cls_classes)
    return specs


def _segment_specs(model):
    if model.use_segment_embedding is False:  # unset, it has them
        return []
    return [Spec(SEGMENT_EMBEDDINGS, (SEGMENTS, model.hidden_size), "truncated_normal")]


def _dense_specs(name, inputs, outputs):
    return [
        Spec(name + "/kernel", (inputs, outputs), "truncated_normal"),
        Spec(name + "/bias", (outputs,), "zeros"),
    ]


def _norm_specs(name, size):
    return [Spec(name + "/gamma", (size,), "ones"), Spec(name + "/beta", (size,), "zeros")]
