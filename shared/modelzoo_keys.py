"""The Model Zoo's configuration keys that are no setting of ours: fixed, ignored or refused.

The settings themselves are the fields in shared/config.py. Facts: the classifier of release 1.7.1.
"""

INPUTS = ("train_input", "eval_input", "predict_input")
_FIXED_INPUT = {
    "add_special_tokens": (True, "the records have [CLS] and [SEP]"),
    "invert_mask": (True, "the records' input_mask is 1 on padding"),
    "pad_id": (0, "the records are padded with [PAD]"),
    "feature_rename_map": (None, "the features have one name each"),
    "disable_eval_metrics": (False, "an evaluation computes the task's metrics"),
}
_IGNORED_INPUT = {
    "vocab_file": "the records were made with it; see manifest.json",
    "repeat": "training repeats, evaluation does not",
    "shuffle_buffer": "every epoch is a permutation of all rows",
    "cache": "the rows are held in memory",
    "mixed_precision": "model.mixed_precision decides",
    "scale_mlm_weights": "it belongs to pretraining",
}

_LOSS_SCALING = (
    "loss_scaling_factor",
    "initial_loss_scale",
    "steps_per_increase",
    "min_loss_scale",
    "max_loss_scale",
    "overflow_tolerance",
)
_LOGGING = ("log_summaries", "log_grads", "log_hists", "ws_summary")

# {section: {key: (the one value that works, what the program does)}}
FIXED = {
    **dict.fromkeys(INPUTS, _FIXED_INPUT),
    "model": {
        "use_ffn_bias": (True, "BERT's dense layers have a bias"),
        "use_position_embedding": (True, "BERT has position embeddings"),
        "use_segment_embedding": (True, "BERT has segment embeddings"),
        "position_embedding_type": ("learned", "BERT learns its position embeddings"),
        "use_pre_normalization": (False, "BERT normalizes after each block"),
        "pooler_type": ("first", "the classifier reads the first token"),
        "attention_type": ("scaled_dot_product", "BERT's attention is scaled dot product"),
        "use_projection_bias_in_attention": (True, "BERT's projections have a bias"),
        "use_ffn_bias_in_attention": (True, "BERT's attention output has a bias"),
        "use_vsl": (False, "variable sequence length belongs to pretraining"),
        "multireplica": (False, "one replica is trained"),
    },
    "optimizer": {
        "grad_accum_steps": (1, "gradient accumulation is not built yet"),
    },
    "runconfig": {
        "enable_distributed": (False, "training on several devices is not built yet"),
        "multiple_workers": (False, "training on several machines is not built yet"),
    },
}
_INITIAL_VALUES = "weights start from a truncated normal of 0.02"

# {section: {key: why it changes nothing}}
IGNORED = {
    **dict.fromkeys(INPUTS, _IGNORED_INPUT),
    "model": {
        "boundary_casting": "it is for a CS system",
        "tf_summary": "summaries are always written",
        "share_embedding_weights": "it belongs to pretraining",
        "mlm_loss_weight": "it belongs to pretraining",
        "enable_gpu_optimizations": "runconfig.xla decides",
        "weight_initialization_seed": "runconfig.tf_random_seed decides",
        "dropout_seed": "runconfig.tf_random_seed decides",
        "embedding_initializer": _INITIAL_VALUES,
        "initializer": _INITIAL_VALUES,
    },
    "optimizer": {
        **dict.fromkeys(_LOSS_SCALING, "float32 and bfloat16 need no loss scaling"),
        **dict.fromkeys(_LOGGING, "loss, learning rate and gradient norm are always logged"),
    },
    "runconfig": {
        "throttle_secs": "evaluation follows every checkpoint",
        "predict_steps": "a prediction covers every example",
        "device": "--backend decides",
        "ir_mode": "it is for a CS system",
    },
    "initializer": dict.fromkeys(("name", "mean", "stddev"), _INITIAL_VALUES),
}
# {section: {key: why it is refused, and what to do instead}}
REFUSED = {
    "model": {
        "pretrain_params_path": "write the sizes of the pretrained model in this section",
        "embedding_size": "an embedding size apart from hidden_size is not BERT's; remove it",
    },
    "optimizer": {
        "momentum": "it belongs to optimizer_type momentum; adamw has beta1 and beta2",
        "rmsprop_decay": "it belongs to optimizer_type rmsprop; use adamw",
        "rmsprop_momentum": "it belongs to optimizer_type rmsprop; use adamw",
    },
}
