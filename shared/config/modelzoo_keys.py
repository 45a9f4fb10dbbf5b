"""The Model Zoo's configuration keys that are not settings here: fixed, ignored or refused.

The settings themselves are the fields in shared/config/schema.py. Source: the classifier of release
1.7.1.
"""

from typing import Any, Dict, Tuple

from shared.config.input_sections import INPUTS

# The key in `model` that names a file whose model section this one inherits.
PRETRAIN_PARAMS_PATH = "pretrain_params_path"
_FIXED_INPUT = {
    "add_special_tokens": (True, "the records have [CLS] and [SEP]"),
    "invert_mask": (True, "the records' input_mask is 1 on padding"),
    "pad_id": (0, "the records are padded with [PAD]"),
    "feature_rename_map": (None, "the features' names are fixed"),
    "disable_eval_metrics": (False, "evaluation always computes the task's metrics"),
}
_IGNORED_INPUT = {
    "vocab_file": "the records were made with it; see manifest.json",
    "repeat": "training repeats, evaluation does not",
    "cache": "rows are held in memory up to memory_limit_gb",
    "mixed_precision": "model.mixed_precision decides",
    "scale_mlm_weights": "it is for pretraining only",
}

_PRETRAINING = (
    *("share_embedding_weights", "mlm_loss_weight", "mlm_loss_scaling", "mlm_nonlinearity"),
    *("use_ffn_bias_in_mlm", "use_output_bias_in_mlm", "nsp_nonlinearity", "use_nsp_bias"),
)
# What the Model Zoo's run.py adds to runconfig where it saves the configuration.
SAVED_OPTIONS = (
    *("checkpoint_path", "compile_only", "cs_ip", "disable_standard_logs"),
    *("mode", "model_dir", "params", "validate_only"),
)
_LOGGING = ("log_summaries", "log_grads", "log_hists", "ws_summary")

# {section: {key: (the only supported value, why)}}
FIXED: Dict[str, Dict[str, Tuple[Any, str]]] = {
    **dict.fromkeys(INPUTS, _FIXED_INPUT),
    "model": {
        "use_ffn_bias": (True, "BERT's dense layers have a bias"),
        "use_position_embedding": (True, "BERT has position embeddings"),
        "position_embedding_type": ("learned", "BERT learns its position embeddings"),
        "use_pre_normalization": (False, "BERT normalizes after each block"),
        "pooler_type": ("first", "the classifier reads the first token"),
        "attention_type": ("scaled_dot_product", "BERT's attention is scaled dot product"),
        "use_projection_bias_in_attention": (True, "BERT's projections have a bias"),
        "use_ffn_bias_in_attention": (True, "BERT's attention output has a bias"),
        "use_vsl": (False, "variable sequence length is for pretraining only"),
        "multireplica": (False, "one replica is trained"),
    },
}
_INITIAL_VALUES = "weights start from a truncated normal distribution of scale 0.02"

# {section: {key: why it has no effect}}
IGNORED: Dict[str, Dict[str, str]] = {
    **dict.fromkeys(INPUTS, _IGNORED_INPUT),
    "model": {
        "boundary_casting": "activations are not cast where layers meet",
        "tf_summary": "summaries are always written",
        **dict.fromkeys(_PRETRAINING, "it is for pretraining only"),
        **dict.fromkeys(("input_pad_id", "segment_pad_id"), "input_mask marks the padding"),
        "enable_gpu_optimizations": "runconfig.xla decides",
        "weight_initialization_seed": "runconfig.tf_random_seed decides",
        "dropout_seed": "runconfig.tf_random_seed decides",
        "embedding_initializer": _INITIAL_VALUES,
        "initializer": _INITIAL_VALUES,
    },
    "optimizer": {
        **dict.fromkeys(_LOGGING, "loss, learning rate and gradient norm are always logged"),
    },
    "runconfig": {
        "throttle_secs": "every checkpoint is evaluated",
        "predict_steps": "every example is predicted",
        "device": "--backend decides",
        **dict.fromkeys(SAVED_OPTIONS, "the command line decides"),
    },
    "initializer": dict.fromkeys(("name", "mean", "stddev"), _INITIAL_VALUES),
}
# {section: {key: why it is refused, and what to do instead}}
REFUSED: Dict[str, Dict[str, str]] = {
    "model": {
        "embedding_size": "in BERT the embedding size is hidden_size; make it equal, or remove it",
    },
    "optimizer": {
        "rmsprop_decay": "it belongs to optimizer_type rmsprop; use adamw",
        "rmsprop_momentum": "it belongs to optimizer_type rmsprop; use adamw",
    },
}
