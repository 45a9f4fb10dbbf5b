"""A YAML configuration becomes frozen dataclasses; every error in it is reported at once.

Sections and keys are those of the Cerebras Model Zoo's classifier (release 1.7.1). Every key of
it is in this file once: as a field (honoured), in FIXED (one value works, others are refused), in
IGNORED (accepted, one log line) or in REFUSED. Any other key is an error with the nearest name.

PyYAML reads `1e-6` as text, so numbers are coerced here.
"""

import dataclasses
import math
import re
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional, Tuple

import yaml

from shared.errors import UserError
from shared.suggest import unknown

# Seeds go into TensorFlow operations as int32; no count of a run comes near.
MAXIMUM_INTEGER = 2**31 - 1
MINIMUM_INTEGER = -MAXIMUM_INTEGER

# --- Values: a parser takes what YAML gave and returns the setting, or raises ValueError. -------


def _integer(minimum: int = MINIMUM_INTEGER) -> Callable[[Any], int]:
    def parse(value):
        number = _as_float(value)
        if number != int(number) or not minimum <= number <= MAXIMUM_INTEGER:
            limits = "" if minimum == MINIMUM_INTEGER else f" of at least {minimum}"
            raise ValueError(f"expected a whole number{limits}, found {value!r}")
        return int(number)

    return parse


def _number(minimum: float, below: float = float("inf")) -> Callable[[Any], float]:
    def parse(value):
        number = _as_float(value)
        if not minimum <= number < below:
            limits = f"of at least {minimum:g}" + (f" and below {below:g}" if below < 1e30 else "")
            raise ValueError(f"expected a number {limits}, found {value!r}")
        return number

    return parse


def _as_float(value) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError(f"expected a number, found {value!r}")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"expected a number, found {value!r}")
    return number


def _positive(value) -> float:
    number = _as_float(value)
    if number <= 0:
        raise ValueError(f"expected a number above 0, found {value!r}")
    return number


def _boolean(value) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, found {value!r}")
    return value


def _text(value) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"expected text, found {value!r}")
    return value


def _patterns(value) -> Tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"expected a list of regular expressions, found {value!r}")
    for item in value:
        try:
            re.compile(_text(item))
        except re.error as error:
            raise ValueError(f"{item!r} is not a regular expression: {error}") from None
    return tuple(value)


def _choice(*choices) -> Callable[[Any], Any]:
    def parse(value):
        value = value.lower() if isinstance(value, str) else value
        if not any(type(value) is type(choice) and value == choice for choice in choices):
            listed = ", ".join(_yaml(choice) for choice in choices)
            raise ValueError(f"expected one of {listed}, found {_yaml(value)}")
        return value

    return parse


def _optional(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else parse(value)


def _yaml(value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# --- Learning-rate schedules ---------------------------------------------------------------------

# {scheduler: (required keys, optional keys)}, as the Model Zoo defines them; train/schedule.py
# computes them. `steps` is how long one lasts when another follows it.
SCHEDULERS = {
    "Constant": (("learning_rate",), ("steps",)),
    "Exponential": (("initial_learning_rate", "decay_steps", "decay_rate"), ("staircase", "steps")),
    "PiecewiseConstant": (("boundaries", "values"), ("steps",)),
    "Linear": (("initial_learning_rate", "steps", "end_learning_rate"), ("cycle",)),
    "Polynomial": (("initial_learning_rate", "steps", "end_learning_rate"), ("power", "cycle")),
    "Cosine": (("initial_learning_rate", "decay_steps"), ("alpha", "steps")),
}
_SCHEDULE_VALUES = {
    "learning_rate": _number(0),
    "initial_learning_rate": _number(0),
    "end_learning_rate": _number(0),
    "steps": _integer(1),
    "decay_steps": _integer(1),
    "decay_rate": _number(0),
    "staircase": _boolean,
    "cycle": _boolean,
    "power": _number(0),
    "alpha": _number(0),
    "boundaries": lambda value: tuple(map(_integer(0), _list(value))),
    "values": lambda value: tuple(map(_number(0), _list(value))),
}


@dataclass(frozen=True)
class Schedule:
    """One learning-rate schedule; `values` holds the keys of SCHEDULERS that were given."""

    scheduler: str
    values: Dict[str, Any]

    @property
    def duration(self) -> Optional[int]:
        """Steps until the next schedule of a list begins; None where it is not stated."""
        if self.scheduler == "Cosine":
            return self.values.get("steps", self.values["decay_steps"])
        return self.values.get("steps")


def _list(value) -> list:
    if not isinstance(value, list) or not value:
        raise ValueError(f"expected a list, found {value!r}")
    return value


def _learning_rate(value) -> Tuple[Schedule, ...]:
    """A number, one schedule or a list of schedules becomes a tuple of schedules."""
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        return (Schedule("Constant", {"learning_rate": _number(0)(value)}),)
    schedules = tuple(_schedule(entry) for entry in _list(value))
    for position, schedule in enumerate(schedules[:-1], start=1):
        if schedule.duration is None:
            raise ValueError(
                f"schedule {position} ({schedule.scheduler}) is followed by another one and "
                "needs `steps`, how long it lasts"
            )
    return schedules


def _schedule(entry) -> Schedule:
    if not isinstance(entry, dict) or "scheduler" not in entry:
        raise ValueError(f"expected a mapping with a key `scheduler`, found {entry!r}")
    values = dict(entry)
    scheduler = values.pop("scheduler")
    if not isinstance(scheduler, str) or scheduler not in SCHEDULERS:
        raise ValueError(unknown("scheduler", scheduler, SCHEDULERS))
    required, optional = SCHEDULERS[scheduler]
    for key in required:
        if key not in values:
            raise ValueError(f"{scheduler} needs `{key}`")
    for key in values:
        if key not in required + optional:
            raise ValueError(f"{scheduler}: " + unknown("key", key, required + optional))
    parsed = {key: _SCHEDULE_VALUES[key](value) for key, value in values.items()}
    if scheduler == "PiecewiseConstant":
        _check_pieces(parsed["boundaries"], parsed["values"])
    return Schedule(scheduler, parsed)


def _check_pieces(boundaries, values) -> None:
    if len(values) != len(boundaries) + 1:
        raise ValueError("PiecewiseConstant needs one more of `values` than of `boundaries`")
    if any(later <= earlier for earlier, later in zip(boundaries, boundaries[1:])):
        raise ValueError(f"PiecewiseConstant needs rising `boundaries`, found {list(boundaries)}")


# --- Sections ------------------------------------------------------------------------------------


def _setting(parse, **default):
    """A dataclass field with its parser; without `default` the key is required."""
    return dataclasses.field(metadata={"parse": parse}, **default)


def _or_none(parse):
    return _setting(_optional(parse), default=None)


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
    """

    batch_size: int = _setting(_integer(1))
    data_dir: Optional[str] = _or_none(_text)
    data_processor: Optional[str] = _or_none(_text)
    max_sequence_length: Optional[int] = _or_none(_integer(3))
    vocab_size: Optional[int] = _or_none(_integer(4))
    do_lower: Optional[bool] = _or_none(_boolean)
    shuffle: bool = _setting(_boolean, default=True)
    shuffle_seed: Optional[int] = _or_none(_integer(0))


@dataclass(frozen=True)
class ModelConfig:
    """The encoder and the classifier; sizes are counts of units, rates are probabilities.

    encoder_nonlinearity is `gelu` (the tanh form, as the Model Zoo means it) or `gelu_erf`. It
    and layer_norm_epsilon may stay unset: then the pretrained checkpoint says them. vocab_size
    and num_cls_classes come from the manifest; a YAML that states others is an error.
    """

    hidden_size: int = _setting(_integer(1))
    num_heads: int = _setting(_integer(1))
    num_hidden_layers: int = _setting(_integer(1))
    filter_size: int = _setting(_integer(1))
    max_position_embeddings: int = _setting(_integer(1), default=512)
    dropout_rate: float = _setting(_number(0, below=1), default=0.0)
    attention_dropout_rate: float = _setting(_number(0, below=1), default=0.0)
    cls_dropout_rate: float = _setting(_number(0, below=1), default=0.0)
    encoder_nonlinearity: Optional[str] = _or_none(_choice("gelu", "gelu_erf"))
    layer_norm_epsilon: Optional[float] = _or_none(_positive)
    mixed_precision: Any = _setting(_choice(False, True, "float16", "bfloat16"), default=False)
    disable_nsp: bool = _setting(_boolean, default=False)
    vocab_size: Optional[int] = _or_none(_integer(4))
    num_cls_classes: Optional[int] = _or_none(_integer(1))


@dataclass(frozen=True)
class OptimizerConfig:
    """AdamW and its schedule; the defaults are the Model Zoo's."""

    learning_rate: Tuple[Schedule, ...] = _setting(_learning_rate)
    optimizer_type: str = _setting(_choice("adamw"), default="adamw")
    weight_decay_rate: float = _setting(_number(0), default=0.0)
    exclude_from_weight_decay: Tuple[str, ...] = _setting(
        _patterns, default=("LayerNorm", "layer_norm", "bias", "Bias")
    )
    beta1: float = _setting(_number(0, below=1), default=0.9)
    beta2: float = _setting(_number(0, below=1), default=0.999)
    epsilon: Optional[float] = _or_none(_positive)
    use_bias_correction: bool = _setting(_boolean, default=False)
    max_gradient_norm: float = _setting(_number(0), default=0.0)
    max_gradient_value: float = _setting(_number(0), default=0.0)
    disable_lr_steps_reset: bool = _setting(_boolean, default=False)


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
    """

    max_steps: Optional[int] = _or_none(_integer(1))
    steps: Optional[int] = _or_none(_integer(1))
    eval_steps: Optional[int] = _or_none(_integer())
    save_summary_steps: int = _setting(_integer(1), default=100)
    save_checkpoints_steps: int = _setting(_integer(1), default=1000)
    keep_checkpoint_max: int = _setting(_integer(0), default=5)
    log_step_count_steps: Optional[int] = _or_none(_integer(1))
    tf_random_seed: int = _setting(_integer(0), default=1)
    xla: Any = _setting(_choice("auto", True, False), default="auto")


@dataclass(frozen=True)
class Config:
    """One configuration file."""

    train_input: InputConfig
    eval_input: InputConfig
    predict_input: InputConfig
    model: ModelConfig
    optimizer: OptimizerConfig
    runconfig: RunConfig


SECTIONS = {
    "train_input": InputConfig,
    "eval_input": InputConfig,
    "predict_input": InputConfig,
    "model": ModelConfig,
    "optimizer": OptimizerConfig,
    "runconfig": RunConfig,
}
_INPUTS = ("train_input", "eval_input", "predict_input")

# --- The Model Zoo's other keys ------------------------------------------------------------------

_RECORDS_HOLD_IT = "the records were made with it; see manifest.json"
_FIXED_INPUT = {
    "add_special_tokens": (True, "the records have [CLS] and [SEP]"),
    "invert_mask": (True, "the records' input_mask is 1 on padding"),
    "pad_id": (0, "the records are padded with [PAD]"),
    "feature_rename_map": (None, "the features have one name each"),
    "disable_eval_metrics": (False, "an evaluation computes the task's metrics"),
}
_IGNORED_INPUT = {
    "vocab_file": _RECORDS_HOLD_IT,
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
    **dict.fromkeys(_INPUTS, _FIXED_INPUT),
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
# {section: {key: why it changes nothing}}
IGNORED = {
    **dict.fromkeys(_INPUTS, _IGNORED_INPUT),
    "model": {
        "boundary_casting": "it is for a CS system",
        "tf_summary": "summaries are always written",
        "share_embedding_weights": "it belongs to pretraining",
        "mlm_loss_weight": "it belongs to pretraining",
        "enable_gpu_optimizations": "runconfig.xla decides",
        "weight_initialization_seed": "runconfig.tf_random_seed decides",
        "dropout_seed": "runconfig.tf_random_seed decides",
        "embedding_initializer": "weights start from a truncated normal of 0.02",
        "initializer": "weights start from a truncated normal of 0.02",
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
    "initializer": dict.fromkeys(
        ("name", "mean", "stddev"), "weights start from a truncated normal of 0.02"
    ),
}
# A section whose keys belong to Cerebras' own configuration.
CS_SECTION = "csconfig"
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
# Written into <model_dir>/params.yaml beside the configuration, and passed over here: that file
# is a valid configuration too.
DATA_SECTION = "data"
ENVIRONMENT_SECTION = "environment"


# --- Loading -------------------------------------------------------------------------------------


def load(path: str, log: Callable[[str], None]) -> Config:
    """Reads a YAML configuration.

    Args:
      path: the file.
      log: takes one line for every key that is accepted and changes nothing.
    Raises:
      UserError: one message that lists every error in the file.
    """
    content = _read_yaml(path)
    errors = []  # type: List[str]
    for name in (DATA_SECTION, ENVIRONMENT_SECTION):
        content.pop(name, None)
    if content.pop(CS_SECTION, None):
        log(f"{path}: {CS_SECTION} changes nothing: it is for a CS system")
    known = {*SECTIONS, *IGNORED}
    errors += [unknown("section", name, known) for name in content if name not in known]
    if not errors:
        _inherit_inputs(content)
        sections = {
            name: _section(name, content.get(name), errors, lambda line: log(f"{path}: {line}"))
            for name in sorted(known, key=str)
        }
        errors += _joint_errors(sections)
    if errors:
        raise UserError(f"{path}:\n" + "\n".join("  " + error for error in errors))
    return Config(**{name: sections[name] for name in SECTIONS})


def dump(config: Config) -> Dict[str, Any]:
    """The configuration as plain mappings, such that `load` of their YAML gives it again."""
    content = dataclasses.asdict(config)
    content["optimizer"]["learning_rate"] = [
        {"scheduler": schedule.scheduler, **_plain(schedule.values)}
        for schedule in config.optimizer.learning_rate
    ]
    return _plain(content)


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


class _StrictLoader(yaml.SafeLoader):
    """PyYAML keeps the last of two equal keys without a word; this one refuses them."""

    def construct_mapping(self, node, deep=False):
        written = [key.value for key, _ in node.value]  # before a merge (<<) adds inherited ones
        for key in written:
            if written.count(key) > 1:
                raise yaml.MarkedYAMLError(
                    problem=f"the key '{key}' stands twice", problem_mark=node.start_mark
                )
        return super().construct_mapping(node, deep)


def _read_yaml(path: str) -> Dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            content = yaml.load(file, Loader=_StrictLoader)
    except OSError as error:
        raise UserError(f"cannot read the configuration {path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid YAML: {error}") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: expected the sections {', '.join(SECTIONS)}, found {content!r}")
    return content


def _inherit_inputs(content: Dict[str, Any]) -> None:
    """As the Model Zoo: eval_input defaults to train_input, predict_input overlays eval_input."""
    content.setdefault("eval_input", content.get("train_input"))
    predict = content.get("predict_input")
    predict = {} if predict is None else predict
    if isinstance(content["eval_input"], dict) and isinstance(predict, dict):
        content["predict_input"] = {**content["eval_input"], **predict}


def _section(name, values, errors, log):
    """One section's dataclass; what is wrong with it is appended to `errors`."""
    values = {} if values is None else values
    if not isinstance(values, dict):
        errors.append(f"{name}: expected a mapping, found {values!r}")
        return None
    fields = (
        {field.name: field for field in dataclasses.fields(SECTIONS[name])}
        if (name in SECTIONS)
        else {}
    )
    found = {}
    for key, value in values.items():
        try:
            if key in fields and value is None and not _is_required(fields[key]):
                continue  # as in the Model Zoo, null means the default
            if key in fields:
                found[key] = fields[key].metadata["parse"](value)
            else:
                _other_key(name, key, value, fields, log)
        except ValueError as error:
            errors.append(f"{name}.{key}: {error}")
    for field in fields.values():
        if _is_required(field) and field.name not in values:
            errors.append(f"{name}.{field.name}: missing")
    complete = not any(error.startswith(name) for error in errors)
    return SECTIONS[name](**found) if complete and name in SECTIONS else None


def _is_required(field) -> bool:
    return field.default is dataclasses.MISSING


def _other_key(section, key, value, fields, log) -> None:
    """A key that is no field: fixed, ignored, refused or unknown."""
    fixed, ignored = FIXED.get(section, {}), IGNORED.get(section, {})
    refused = REFUSED.get(section, {})
    if key in fixed:
        allowed, reason = fixed[key]
        if type(value) is not type(allowed) or value != allowed:
            raise ValueError(f"only {_yaml(allowed)} works ({reason}), found {_yaml(value)}")
    elif key in ignored:
        log(f"{section}.{key} changes nothing: {ignored[key]}")
    elif key in refused:
        raise ValueError(f"refused: {refused[key]}")
    else:
        raise ValueError(unknown("key", key, {*fields, *fixed, *ignored}))


def _joint_errors(sections) -> List[str]:
    """Rules that join two keys."""
    errors = []
    model, optimizer, run = (sections[name] for name in ("model", "optimizer", "runconfig"))
    if model and model.hidden_size % model.num_heads:
        errors.append(
            f"model.hidden_size {model.hidden_size} is not a multiple of model.num_heads "
            f"{model.num_heads}"
        )
    if optimizer and optimizer.max_gradient_norm and optimizer.max_gradient_value:
        errors.append(
            "optimizer.max_gradient_norm and max_gradient_value: gradients are clipped by norm "
            "or by value, not both; set one to 0"
        )
    if run and run.steps and run.max_steps:
        errors.append("runconfig.steps and max_steps: give one of them")
    for name in _INPUTS:
        section = sections[name]
        length = section and section.max_sequence_length
        if model and length and length > model.max_position_embeddings:
            errors.append(
                f"{name}.max_sequence_length {length} is beyond "
                f"model.max_position_embeddings {model.max_position_embeddings}"
            )
    return errors
