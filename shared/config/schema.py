"""Every supported key of a configuration: its parser, its default and its meaning.

Sections and keys are those of the Cerebras Model Zoo's classifier (release 1.7.1), except for the
section `quality`, which is ours. The Model Zoo's other keys are in shared/config/modelzoo_keys.py:
in FIXED (one supported value, others are refused), in IGNORED (accepted, one log line) or in
REFUSED; PRETRAIN_PARAMS_PATH is replaced with the keys it points to.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple

from shared.config import settings
from shared.config.input_sections import INPUTS
from shared.config.schedules import DECAYS, Schedule, parse_learning_rate
from shared.remote import datasets

GELUS = ("gelu", "gelu_erf")
# What the Model Zoo looks up by name in Keras (train/model/activations.py), and two of its own.
KERAS_ACTIVATIONS = (
    *("elu", "exponential", "hard_sigmoid", "hard_swish", "linear", "relu", "relu6", "selu"),
    *("sigmoid", "softmax", "softplus", "softsign", "swish", "tanh"),
)


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
      data_dir: the folder, or URL, that holds manifest.json; --data_dir overrides it.
      data_processor: <Task>DataProcessor; checked against the manifest's task.
      max_sequence_length, vocab_size, do_lower: checked against the manifest where given.
      shuffle: whether training draws a new order of all rows for every epoch.
      shuffle_seed: seed of that order; default: runconfig.tf_random_seed.
      shuffle_buffer: rows in the shuffle buffer when streaming; in memory, all rows are shuffled.
      group_by_length: whether a training step takes rows of about the same length, which leaves
        little padding; it changes which examples share a batch. Not for wse.
      memory_limit_gb: a split that needs more gigabytes of memory than this is streamed.
      input_fn: `package.module.function`, the user's own input function.
    """

    batch_size: int = _setting(settings.integer(1))
    data_dir: Optional[str] = _or_none(settings.path)
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

    @property
    def place(self) -> str:
        """Where the rows come from, for messages: the dataset, or else the input function."""
        return str(self.data_dir or self.input_fn)

    @property
    def dataset(self) -> Optional[str]:
        """data_dir on this machine: the folder, or that of a copy of what is in a store."""
        return self.data_dir and datasets.local(self.data_dir)


@dataclass(frozen=True)
class ModelConfig:
    """The encoder and the classifier; sizes are counts of units, rates are probabilities.

    encoder_nonlinearity is `gelu` (the tanh approximation, as in the Model Zoo), `gelu_erf`, or one
    of KERAS_ACTIVATIONS. It, layer_norm_epsilon and use_segment_embedding (whether a token's text,
    the first or the second, has an embedding) may be left unset: then the pretrained checkpoint
    decides. vocab_size, num_cls_classes and multi_label come from the manifest; a YAML that
    disagrees is an error. multi_label stays unset where each row has one label.
    window_pooling: how the logits of a document's windows become one (train/scoring/pooling.py).
    mixed_precision: true is 16 bits in the form that the devices have; auto is true where that is
    faster: on GPUs, CS systems, and CPUs with instructions for bfloat16.
    """

    hidden_size: int = _setting(settings.integer(1))
    num_heads: int = _setting(settings.integer(1))
    num_hidden_layers: int = _setting(settings.integer(1))
    filter_size: int = _setting(settings.integer(1))
    max_position_embeddings: int = _setting(settings.integer(1), default=512)
    dropout_rate: float = _setting(settings.number(0, below=1), default=0.0)
    attention_dropout_rate: float = _setting(settings.number(0, below=1), default=0.0)
    cls_dropout_rate: float = _setting(settings.number(0, below=1), default=0.0)
    encoder_nonlinearity: Optional[str] = _or_none(settings.choice(*GELUS, *KERAS_ACTIVATIONS))
    layer_norm_epsilon: Optional[float] = _or_none(settings.positive)
    use_segment_embedding: Optional[bool] = _or_none(settings.boolean)
    mixed_precision: Any = _setting(
        settings.choice(False, True, "float16", "bfloat16", "auto"), default=False
    )
    disable_nsp: bool = _setting(settings.boolean, default=False)
    vocab_size: Optional[int] = _or_none(settings.integer(4))
    num_cls_classes: Optional[int] = _or_none(settings.integer(1))
    multi_label: Optional[bool] = _or_none(settings.boolean)
    window_pooling: str = _setting(settings.choice("mean", "max"), default="mean")


@dataclass(frozen=True)
class OptimizerConfig:
    """How gradients become updates; the defaults are the Model Zoo's unless noted.

    Attributes:
      learning_rate: the schedules, one after the other; or a number.
      warmup_ratio: the share of the training in which the rate rises from 0 to this number.
      learning_rate_decay: how it falls to 0 afterwards; constant: it stays.
      optimizer_type: adamw, adam, sgd or momentum.
      weight_decay_rate, exclude_from_weight_decay: for adamw; the rate, and what does not decay.
      beta1, beta2, epsilon: for adamw and adam; default of epsilon: 1e-5 mixed, 1e-8 in float32.
      use_bias_correction: for adamw; adam always corrects.
      momentum: for momentum; the share of the previous update that is kept.
      max_gradient_norm, max_gradient_value: clip by global norm or by value; 0 turns it off.
      disable_lr_steps_reset: whether every schedule counts from the beginning of training.
      grad_accum_steps: batches whose gradients are averaged into one step.
      loss_scaling_factor: a number for a fixed scale; dynamic or tf_dynamic for an adaptive one.
        Default: dynamic if the run computes in float16, else 1 (the Model Zoo: 1).
      initial_loss_scale, min_loss_scale, max_loss_scale: the dynamic scale's start and limits.
      steps_per_increase: steps without overflow after which it doubles; an overflow halves it.
      overflow_tolerance: the share of overflows, among the steps since the scale last changed, that
        is tolerated without halving it.
      class_weights: by what the loss of a class's rows is multiplied in training: {class: weight},
        1 for those left out; or balanced.
      label_smoothing: the share of a row's label that training spreads evenly over all classes.
    """

    learning_rate: Tuple[Schedule, ...] = _setting(parse_learning_rate)
    warmup_ratio: Optional[float] = _or_none(settings.number(0, below=1))
    learning_rate_decay: Optional[str] = _or_none(settings.choice(*DECAYS))
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
    class_weights: Any = _or_none(settings.class_weights)
    label_smoothing: Optional[float] = _or_none(settings.number(0, below=1))


@dataclass(frozen=True)
class RunConfig:
    """How long a run lasts and what it writes; intervals are in steps.

    Attributes:
      max_steps: the global step at which training ends.
      steps: training ends this many steps after the step it starts from.
      num_epochs: instead of max_steps, how often every example is seen; 0.5 is half of them once.
      eval_steps: batches of an evaluation; unset, 0 or negative: every example.
      save_checkpoints_epochs: instead of save_checkpoints_steps, epochs between two checkpoints.
      eval_checkpoints: whether train, too, scores each checkpoint and keeps the best one, where the
        data has a labelled split for it.
      keep_checkpoint_max: newest checkpoints to keep; 0 keeps all.
      log_step_count_steps: steps between progress lines; default: save_summary_steps.
      tf_random_seed: seed of weights, order and dropout.
      xla: auto compiles the step on gpu and not on cpu.
      ir_mode: for wse; the form in which Cerebras' compiler reads the graph.
      enable_distributed: train on all visible GPUs of this machine.
      multiple_workers: train and score on several machines, listed in TF_CONFIG.
      best_metric: decides which checkpoint train_and_eval keeps; default: the task's first one.
      early_stopping_patience: train_and_eval stops after this many evaluations without a better
        score; unset: never.
      max_skipped_steps: training stops after this many steps in a row whose gradients are NaN or
        infinite, unless a dynamic loss scale can still fall.
    """

    max_steps: Optional[int] = _or_none(settings.integer(1))
    steps: Optional[int] = _or_none(settings.integer(1))
    num_epochs: Optional[float] = _or_none(settings.positive)
    eval_steps: Optional[int] = _or_none(settings.integer())
    save_summary_steps: int = _setting(settings.integer(1), default=100)
    save_checkpoints_steps: int = _setting(settings.integer(1), default=1000)
    save_checkpoints_epochs: Optional[float] = _or_none(settings.positive)
    eval_checkpoints: bool = _setting(settings.boolean, default=False)
    keep_checkpoint_max: int = _setting(settings.integer(0), default=5)
    log_step_count_steps: Optional[int] = _or_none(settings.integer(1))
    tf_random_seed: int = _setting(settings.integer(0), default=1)
    xla: Any = _setting(settings.choice("auto", True, False), default="auto")
    ir_mode: str = _setting(settings.choice("mlir-cirh", "mlir-xla"), default="mlir-cirh")
    enable_distributed: bool = _setting(settings.boolean, default=False)
    multiple_workers: bool = _setting(settings.boolean, default=False)
    best_metric: Optional[str] = _or_none(settings.metric)
    early_stopping_patience: Optional[int] = _or_none(settings.integer(1))
    max_skipped_steps: int = _setting(settings.integer(1), default=50)


@dataclass(frozen=True)
class QualityConfig:
    """The score that the configuration should reach; it is used by the check, not by training.

    Attributes:
      low, high: the median of the seeds' scores must be between them (inclusive).
      metric: default: the task's first one.
      seeds: one training for each.
    """

    low: float = _setting(settings.as_float)
    high: float = _setting(settings.as_float)
    metric: Optional[str] = _or_none(settings.metric)
    seeds: Tuple[int, ...] = _setting(settings.seeds, default=(1, 2, 3))


@dataclass(frozen=True)
class Config:
    """One configuration file.

    quality: None if the file has no such section.
    csconfig: {field of Cerebras' own CSConfig: value}. Only use_cbfloat16 is known here, their
    16-bit format with 9 bits of fraction; Cerebras' software checks the rest.
    given: {section.key: value} of the command line, already part of the sections.
    own_keys: {input section: {key: value}} that are for the user's own input_fn.
    """

    train_input: InputConfig
    eval_input: InputConfig
    predict_input: InputConfig
    model: ModelConfig
    optimizer: OptimizerConfig
    runconfig: RunConfig
    csconfig: Dict[str, Any] = dataclasses.field(default_factory=dict)
    quality: Optional[QualityConfig] = None
    given: Dict[str, Any] = dataclasses.field(default_factory=dict)
    own_keys: Dict[str, Dict[str, Any]] = dataclasses.field(default_factory=dict)


SECTIONS = {
    **dict.fromkeys(INPUTS, InputConfig),
    "model": ModelConfig,
    "optimizer": OptimizerConfig,
    "runconfig": RunConfig,
    "quality": QualityConfig,
}
