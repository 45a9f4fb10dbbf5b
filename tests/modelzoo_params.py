"""The params.yaml that the Model Zoo's run.py (release 1.7.1) leaves in its model_dir."""

_INPUT = {
    "data_processor": "Sst2DataProcessor", "data_dir": "./tfds", "add_special_tokens": True,
    "vocab_file": "/zoo/vocab/google_research_uncased_L-12_H-768_A-12.txt",
    "mixed_precision": False, "repeat": False, "scale_mlm_weights": True, "shuffle": False,
    "batch_size": 8,
}  # fmt: skip
# What run.py fills in: its defaults, and the sizes of the file that pretrain_params_path names.
_MODEL = {
    "pretrain_params_path": "../../configs/params_bert_base_msl128.yaml",
    "attention_type": "scaled_dot_product", "boundary_casting": False, "disable_nsp": False,
    "dropout_seed": None, "embedding_initializer": None, "enable_gpu_optimizations": False,
    "encoder_nonlinearity": "gelu", "initializer": {"name": "truncated_normal", "stddev": 0.02},
    "input_pad_id": -1, "layer_norm_epsilon": 1e-5, "mixed_precision": False,
    "mlm_loss_scaling": "precomputed_num_masked", "mlm_loss_weight": 1.0,
    "mlm_nonlinearity": "gelu", "nsp_nonlinearity": "tanh", "num_cls_classes": 2,
    "position_embedding_type": "learned", "segment_pad_id": -1, "share_embedding_weights": True,
    "tf_summary": False, "use_ffn_bias": True, "use_ffn_bias_in_attention": True,
    "use_ffn_bias_in_mlm": True, "use_nsp_bias": True, "use_output_bias_in_mlm": True,
    "use_position_embedding": True, "use_pre_normalization": False,
    "use_projection_bias_in_attention": True, "use_segment_embedding": True,
    "weight_initialization_seed": None,
}  # fmt: skip
_OPTIMIZER = {
    "epsilon": "1e-6", "grad_accum_steps": 1, "log_summaries": True, "loss_scaling_factor": 1.0,
    "optimizer_type": "adamw",
}  # fmt: skip
_RUN = {
    "checkpoint_path": None, "compile_only": False, "cs_ip": None, "device": None,
    "disable_standard_logs": False, "enable_distributed": False, "eval_steps": None,
    "keep_checkpoint_max": 2, "log_step_count_steps": 4, "mode": "train", "model_dir": "/zoo/runs",
    "multiple_workers": False, "params": "configs/params_bert_base_sst2.yaml", "predict_steps": 1,
    "steps": None, "tf_random_seed": None, "throttle_secs": 0, "validate_only": False,
}  # fmt: skip


def saved(length, settings):
    """The whole content.

    Args:
      length: max_sequence_length.
      settings: {section: {key: value}} of the YAML that run.py was given.
    """
    inputs = {**_INPUT, "max_sequence_length": length}
    model = {**_MODEL, **settings["model"]}
    return {
        "train_input": {**inputs, "repeat": True, "shuffle": True, **settings["train_input"]},
        "eval_input": {**inputs, **settings["eval_input"]},
        "predict_input": {**inputs, "batch_size": 1},
        "model": {**model, "embedding_size": model["hidden_size"]},
        "optimizer": {**_OPTIMIZER, **settings["optimizer"]},
        "runconfig": {**_RUN, **settings["runconfig"]},
        "csconfig": {"use_cbfloat16": False},
    }
