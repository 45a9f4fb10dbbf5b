"""A YAML configuration becomes frozen dataclasses; every error in it is reported at once.

Sections and keys are those of the Cerebras Model Zoo's classifier (release 1.7.1), but for the
section `quality`, which is this program's own. Every key of the Model Zoo's stands once: as a field
here (honoured), or in shared/modelzoo_keys.py, in FIXED (one value works, others are refused), in
IGNORED (accepted, one log line) or in REFUSED, but for PRETRAIN_PARAMS_PATH, which `load` replaces
with the keys it points to. Any other key is an error with the nearest name.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional, Tuple

from shared import joint_rules, pretrain_params, settings, tasks, yaml_file
from shared.errors import UserError
from shared.modelzoo_keys import FIXED, IGNORED, INPUTS, PRETRAIN_PARAMS_PATH, REFUSED
from shared.schedules import Schedule, parse_learning_rate
from shared.suggest import unknown


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
_OPTIONAL = ("quality",)
_CS_SECTION = "csconfig"
# Written into <model_dir>/params.yaml beside the configuration, and passed over here: that file
# is a valid configuration too.
DATA_SECTION = "data"
ENVIRONMENT_SECTION = "environment"


def load(path: str, log: Callable[[str], None]) -> Config:
    """Reads a YAML configuration.

    Args:
      path: the file.
      log: takes one line for every key that is accepted and changes nothing.
    Raises:
      UserError: one message that lists every error in the file, and in the model section that it
        inherits.
    """
    content = yaml_file.read(path, SECTIONS)
    errors = []
    csconfig = _csconfig(content.pop(_CS_SECTION, None), errors)
    _settle_sections(path, content)
    _inherit_inputs(content)
    layers = {name: [(path, content.get(name))] for name in _section_names(content)}
    layers["model"] = _model_layers(path, content.get("model"), errors)
    sections = {name: _section(name, layers[name], errors, log) for name in layers}
    errors += joint_rules.errors(sections, content.get("optimizer"), csconfig)
    if errors:
        inherited = "".join(f" (model inherits from {file})" for file, _ in layers["model"][1:])
        raise _mistakes(path + inherited, errors)
    return Config(**{name: sections.get(name) for name in SECTIONS}, csconfig=csconfig)


def _section_names(content) -> List[str]:
    """The sections to read: all but optional ones that the file does not have."""
    absent = {name for name in _OPTIONAL if content.get(name) is None}
    return sorted({*SECTIONS, *IGNORED} - absent)


def _csconfig(value, errors) -> Dict[str, Any]:
    """The section csconfig, empty where it has an error, which is appended to `errors`."""
    if not isinstance(value, (dict, type(None))):
        errors.append(f"{_CS_SECTION}: expected a mapping, found {value!r}")
        return {}
    found = dict(value or {})
    try:
        settings.boolean(found.get("use_cbfloat16", False))
    except ValueError as error:
        errors.append(f"{_CS_SECTION}.use_cbfloat16: {error}")
        return {}
    return found


def _settle_sections(path, content) -> None:
    """Takes out the sections that params.yaml has beside these, and stops at unknown ones."""
    for name in (DATA_SECTION, ENVIRONMENT_SECTION):
        content.pop(name, None)
    known = {*SECTIONS, *IGNORED, _CS_SECTION}
    errors = [unknown("section", name, known) for name in content if name not in known]
    if errors:
        raise _mistakes(path, errors)


def _mistakes(where: str, errors) -> UserError:
    return UserError("\n".join([f"{where}:", *("  " + error for error in errors)]))


def dump(config: Config) -> Dict[str, Any]:
    """The configuration as plain mappings, such that `load` of their YAML gives it again."""
    content = dataclasses.asdict(config)
    content["optimizer"]["learning_rate"] = [
        {"scheduler": schedule.scheduler, **_plain(schedule.values)}
        for schedule in config.optimizer.learning_rate
    ]
    if config.optimizer.optimizer_type != "momentum":
        del content["optimizer"]["momentum"]  # stated, it would be an error
    return _plain(content)


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _inherit_inputs(content: Dict[str, Any]) -> None:
    """As the Model Zoo: eval_input defaults to train_input, predict_input overlays eval_input.

    An input function is inherited by nobody: one that repeats would never end an evaluation.
    """
    train, predict = content.get("train_input"), content.get("predict_input")
    content.setdefault("eval_input", _without_function(train))
    evaluate = content["eval_input"]
    predict = {} if predict is None else predict
    if isinstance(evaluate, dict) and isinstance(predict, dict):
        content["predict_input"] = {**_without_function(evaluate), **predict}


def _without_function(section):
    if not isinstance(section, dict):
        return section
    return {key: value for key, value in section.items() if key != "input_fn"}


def _model_layers(path, model, errors):
    """[(file, mapping)] of the model section; empty where what it inherits cannot be read."""
    if not isinstance(model, dict):
        return [(path, model)]
    own = {key: value for key, value in model.items() if key != PRETRAIN_PARAMS_PATH}
    stated = model.get(PRETRAIN_PARAMS_PATH)
    if stated is None:
        return [(path, own)]
    try:
        return [(path, own), pretrain_params.base_model(path, stated, own)]
    except (UserError, ValueError) as error:
        errors.append(f"model.{PRETRAIN_PARAMS_PATH}: {error}")
        return []


def _section(name, layers, errors, log):
    """One section's dataclass; or None, with what is wrong appended to `errors`.

    Args:
      layers: [(file, mapping)], the configuration's own first; no key stands in two of them.
        Empty where it is known already that the section cannot be read.
    """
    for _, values in layers:
        if not isinstance(values, (dict, type(None))):
            errors.append(f"{name}: expected a mapping, found {values!r}")
            return None
    kind = SECTIONS.get(name)
    fields = {field.name: field for field in dataclasses.fields(kind)} if kind else {}
    found, faults = {}, []
    for file, values in layers:
        more, wrong = _read_keys(name, values or {}, fields, log, file)
        found.update(more)
        faults += wrong if file == layers[0][0] else [f"{fault} (in {file})" for fault in wrong]
    faults += _missing(name, layers, fields)
    errors += faults
    return kind(**found) if kind and layers and not faults else None


def _missing(name, layers, fields):
    """A line for every required key that stands in no layer."""
    stated = {key for _, values in layers for key in values or {}}
    required = [field.name for field in fields.values() if _is_required(field)] if layers else []
    return [f"{name}.{key}: missing" for key in required if key not in stated]


def _read_keys(section, values, fields, log, file):
    """({key: setting}, [what is wrong]) of one file's section."""
    found, faults = {}, []
    for key, value in values.items():
        try:
            if key not in fields:
                _other_key(section, key, value, fields, lambda line: log(f"{file}: {line}"))
            elif value is not None or _is_required(fields[key]):  # else null means the default
                found[key] = fields[key].metadata["parse"](value)
        except ValueError as error:
            faults.append(f"{section}.{key}: {error}")
    return found, faults


def _is_required(field) -> bool:
    return field.default is dataclasses.MISSING


def _other_key(section, key, value, fields, log) -> None:
    """A key that is no field: fixed, ignored, refused or unknown."""
    fixed, ignored = FIXED.get(section, {}), IGNORED.get(section, {})
    refused = REFUSED.get(section, {})
    if key in fixed:
        allowed, reason = fixed[key]
        if type(value) is not type(allowed) or value != allowed:
            only, found = settings.shown(allowed), settings.shown(value)
            raise ValueError(f"only {only} works ({reason}), found {found}")
    elif key in ignored:
        log(f"{section}.{key} changes nothing: {ignored[key]}")
    elif key in refused:
        raise ValueError(f"refused: {refused[key]}")
    else:
        inherits = {PRETRAIN_PARAMS_PATH} if section == "model" else set()
        raise ValueError(unknown("key", key, {*fields, *fixed, *ignored, *inherits}))
