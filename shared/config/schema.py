"""Every key of a configuration that is honoured: its parser, its default and its meaning.

Sections and keys are those of the Cerebras Model Zoo's classifier (release 1.7.1), except for the
section `quality`, which is this program's own. Every other key of the Model Zoo's stands in
shared/config/modelzoo_keys.py: in FIXED (one value works, others are refused), in IGNORED
(accepted, one log line) or in REFUSED; PRETRAIN_PARAMS_PATH is replaced with the keys it points to.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple

from shared import tasks
from shared.config import settings
from shared.config.modelzoo_keys import INPUTS
from shared.config.schedules import Schedule, parse_learning_rate


def _setting(parse, **default):
    """A dataclass field with its parser; without `default` the key is required."""
    return dataclasses.field(metadata={"parse": parse}, **default)


def _or_none(parse):
    return _setting(parse, default=None)


@dataclass(frozen=True)
class InputConfig:
    """train_input, eval_input, predict_input.

    Attributes:
      batch_size: rows in a batch.
      data_dir: the folder that holds manifest.json; --data_dir overrides it.
      data_processor: <Task>DataProcessor; checked against the manifest's task.
      max_sequence_length, vocab_size, do_lower: checked against the manifest where given.
      shuffle: whether training draws a new order of all rows for every epoch.
      shuffle_seed: seed of that order; unset, runconfig.tf_random_seed.
      shuffle_buffer: rows that streaming shuffles among; in memory the order is one of all rows.
      group_by_length: whether a step of training takes rows of about the same length, which leaves
        little padding; it changes which examples share a batch. Not for wse.
      memory_limit_gb: a split that would take more gigabytes of memory is streamed.
      input_fn: `package.module.function`, an input function of the user's own.
    """

    batch_size: int = _setting(settings.integer(1))
    data_dir: Optional[str] = _or_none(settings.text)
    data_processor: Optional[str] = _or_none(settings.text)
    max_sequence_length: Optional[int] = _or_none(settings.integer(3))
    vocab_size: Optional[int] = _or_none(settings.integer(4))
    do_lower: Optional[bool] = _or_none(settings.boolean)
    shuffle: bool = _setting(settings.boolean, default=True)
    shuffle_seed: Optional[int] = _or_none(settings.integer(0))
    shuffle_buffer: int = _setting(settings.integer(1), default=10000)
    group_by_length: bool = _setting(settings.boolean, default=False)
    memory_limit_gb: float = _setting(settings.positive, default=4.0)
    input_fn: Optional[str] = _or_none(settings.dotted_path)


@dataclass(frozen=True)
class ModelConfig:
    """The encoder and the classifier; sizes are counts of units, rates are probabilities.

    encoder_nonlinearity is `gelu` (the tanh form, as the Model Zoo means it) or `gelu_erf`. It
    and layer_norm_epsilon may stay unset: then the pretrained checkpoint says them. vocab_size
    and num_cls_classes come from the manifest; a YAML that states others is an error.
    """

    hidden_size: int = _setting(settings.integer(1))
    num_heads: int = _setting(settings.integer(1))
    num_hidden_layers: int = _setting(settings.integer(1))
    filter_size: int = _setting(settings.integer(1))
    max_position_embeddings: int = _setting(settings.integer(1), default=512)
    dropout_rate: float = _setting(settings.number(0, below=1), default=0.0)
    attention_dropout_rate: float = _setting(settings.number(0, below=1), default=0.0)
    cls_dropout_rate: float = _setting(settings.number(0, below=1), default=0.0)
    encoder_nonlinearity: Optional[str] = _or_none(settings.choice("gelu", "gelu_erf"))
    layer_norm_epsilon: Optional[float] = _or_none(settings.positive)
    mixed_precision: Any = _setting(
        settings.choice(False, True, "float16", "bfloat16"), default=False
    )
    disable_nsp: bool = _setting(settings.boolean, default=False)
    vocab_size: Optional[int] = _or_none(settings.integer(4))
    num_cls_classes: Optional[int] = _or_none(settings.integer(1))


@dataclass(frozen=True)
class OptimizerConfig:
    """How gradients become updates; the defaults are the Model Zoo's but where it says otherwise.

    Attributes:
      learning_rate: the schedules, one after the other.
      optimizer_type: adamw, adam, sgd or momentum.
      weight_decay_rate, exclude_from_weight_decay: adamw's, and the names that do not decay.
      beta1, beta2, epsilon: adamw's and adam's; epsilon unset, 1e-5 mixed or 1e-8 in float32.
      use_bias_correction: adamw's; adam always corrects.
      momentum: momentum's share of the former update.
      max_gradient_norm, max_gradient_value: clip by global norm or by value; 0 does not.
      disable_lr_steps_reset: whether every schedule counts from the beginning of training.
      grad_accum_steps: batches whose mean gradient makes one step.
      loss_scaling_factor: a number is a fixed scale; dynamic or tf_dynamic adapts it. Unset,
        dynamic where the run computes in float16, else 1 (the Model Zoo: 1).
      initial_loss_scale, min_loss_scale, max_loss_scale: the dynamic scale's start and limits.
      steps_per_increase: steps without overflow after which it doubles; an overflow halves it.
      overflow_tolerance: the share of overflows among the steps since its last change that does
        not yet halve it.
    """

    learning_rate: Tuple[Schedule, ...] = _setting(parse_learning_rate)
    optimizer_type: str = _setting(
        settings.choice("adamw", "adam", "sgd", "momentum"), default="adamw"
    )
    weight_decay_rate: float = _setting(settings.number(0), default=0.0)
    exclude_from_weight_decay: Tuple[str, ...] = _setting(
        settings.patterns, default=("LayerNorm", "layer_norm", "bias", "Bias")
    )
    beta1: float = _setting(settings.number(0, below=1), default=0.9)
    beta2: float = _setting(settings.number(0, below=1), default=0.999)
    epsilon: Optional[float] = _or_none(settings.positive)
    use_bias_correction: bool = _setting(settings.boolean, default=False)
    momentum: float = _setting(settings.number(0, below=1), default=0.9)
    max_gradient_norm: float = _setting(settings.number(0), default=0.0)
    max_gradient_value: float = _setting(settings.number(0), default=0.0)
    disable_lr_steps_reset: bool = _setting(settings.boolean, default=False)
    grad_accum_steps: int = _setting(settings.integer(1), default=1)
    loss_scaling_factor: Any = _or_none(settings.positive_or("dynamic", "tf_dynamic"))
    initial_loss_scale: float = _setting(settings.positive, default=2.0**15)
    steps_per_increase: int = _setting(settings.integer(1), default=2000)
    min_loss_scale: float = _setting(settings.positive, default=2.0**-14)
    max_loss_scale: float = _setting(settings.positive, default=2.0**15)
    overflow_tolerance: float = _setting(settings.number(0), default=0.05)


@dataclass(frozen=True)
class RunConfig:
    """How long a run lasts and what it leaves behind; periods are counted in steps.

    Attributes:
      max_steps: the global step at which training ends.
      steps: training ends this many steps after the step it starts from.
      eval_steps: batches of an evaluation; unset, 0 or less means every example.
      keep_checkpoint_max: newest checkpoints to keep; 0 keeps all.
      log_step_count_steps: steps between two progress lines; unset, save_summary_steps.
      tf_random_seed: seed of weights, order and dropout.
      xla: auto compiles the step on gpu and not on cpu.
      ir_mode: wse's; what Cerebras' compiler reads the graph as.
      enable_distributed: train on all visible GPUs of this machine.
      multiple_workers: train on several machines, which TF_CONFIG names.
      early_stopping_patience: train_and_eval stops after so many evaluations without a better
        score; unset, never.
      max_skipped_steps: training stops after so many steps in a row whose gradients are NaN or
        infinite.
    """

    max_steps: Optional[int] = _or_none(settings.integer(1))
    steps: Optional[int] = _or_none(settings.integer(1))
    eval_steps: Optional[int] = _or_none(settings.integer())
    save_summary_steps: int = _setting(settings.integer(1), default=100)
    save_checkpoints_steps: int = _setting(settings.integer(1), default=1000)
    keep_checkpoint_max: int = _setting(settings.integer(0), default=5)
    log_step_count_steps: Optional[int] = _or_none(settings.integer(1))
    tf_random_seed: int = _setting(settings.integer(0), default=1)
    xla: Any = _setting(settings.choice("auto", True, False), default="auto")
    ir_mode: str = _setting(settings.choice("mlir-cirh", "mlir-xla"), default="mlir-cirh")
    enable_distributed: bool = _setting(settings.boolean, default=False)
    multiple_workers: bool = _setting(settings.boolean, default=False)
    early_stopping_patience: Optional[int] = _or_none(settings.integer(1))
    max_skipped_steps: int = _setting(settings.integer(1), default=50)


@dataclass(frozen=True)
class QualityConfig:
    """What score the configuration should reach: no setting of a training, but of its check.

    Attributes:
      low, high: the median of the seeds' scores lies between them, both included.
      metric: unset, the task's first one.
      seeds: of the trainings.
    """

    low: float = _setting(settings.score)
    high: float = _setting(settings.score)
    metric: Optional[str] = _or_none(settings.choice(*tasks.METRICS))
    seeds: Tuple[int, ...] = _setting(settings.seeds, default=(1, 2, 3))


@dataclass(frozen=True)
class Config:
    """One configuration file.

    quality: None where the file has no such section.
    csconfig: {field of Cerebras' own CSConfig: value}. The one of them that is known here is
    use_cbfloat16, their 16-bit format with 9 bits of fraction; Cerebras' software checks the rest.
    """

    train_input: InputConfig
    eval_input: InputConfig
    predict_input: InputConfig
    model: ModelConfig
    optimizer: OptimizerConfig
    runconfig: RunConfig
    csconfig: Dict[str, Any] = dataclasses.field(default_factory=dict)
    quality: Optional[QualityConfig] = None


SECTIONS = {
    **dict.fromkeys(INPUTS, InputConfig),
    "model": ModelConfig,
    "optimizer": OptimizerConfig,
    "runconfig": RunConfig,
    "quality": QualityConfig,
}
