"""A YAML configuration becomes frozen dataclasses; every error in it is reported at once.

Sections and keys are those of the Cerebras Model Zoo's classifier (release 1.7.1). Every key of
it stands once: as a field here (honoured), or in shared/modelzoo_keys.py, in FIXED (one value
works, others are refused), in IGNORED (accepted, one log line) or in REFUSED. Any other key is an
error with the nearest name.
"""

import dataclasses
import glob
import os
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional, Tuple

import yaml

from shared import settings
from shared.errors import UserError
from shared.modelzoo_keys import FIXED, IGNORED, INPUTS, REFUSED
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
    """

    batch_size: int = _setting(settings.integer(1))
    data_dir: Optional[str] = _or_none(settings.text)
    data_processor: Optional[str] = _or_none(settings.text)
    max_sequence_length: Optional[int] = _or_none(settings.integer(3))
    vocab_size: Optional[int] = _or_none(settings.integer(4))
    do_lower: Optional[bool] = _or_none(settings.boolean)
    shuffle: bool = _setting(settings.boolean, default=True)
    shuffle_seed: Optional[int] = _or_none(settings.integer(0))


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
    """AdamW and its schedule; the defaults are the Model Zoo's."""

    learning_rate: Tuple[Schedule, ...] = _setting(parse_learning_rate)
    optimizer_type: str = _setting(settings.choice("adamw"), default="adamw")
    weight_decay_rate: float = _setting(settings.number(0), default=0.0)
    exclude_from_weight_decay: Tuple[str, ...] = _setting(
        settings.patterns, default=("LayerNorm", "layer_norm", "bias", "Bias")
    )
    beta1: float = _setting(settings.number(0, below=1), default=0.9)
    beta2: float = _setting(settings.number(0, below=1), default=0.999)
    epsilon: Optional[float] = _or_none(settings.positive)
    use_bias_correction: bool = _setting(settings.boolean, default=False)
    max_gradient_norm: float = _setting(settings.number(0), default=0.0)
    max_gradient_value: float = _setting(settings.number(0), default=0.0)
    disable_lr_steps_reset: bool = _setting(settings.boolean, default=False)


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

    max_steps: Optional[int] = _or_none(settings.integer(1))
    steps: Optional[int] = _or_none(settings.integer(1))
    eval_steps: Optional[int] = _or_none(settings.integer())
    save_summary_steps: int = _setting(settings.integer(1), default=100)
    save_checkpoints_steps: int = _setting(settings.integer(1), default=1000)
    keep_checkpoint_max: int = _setting(settings.integer(0), default=5)
    log_step_count_steps: Optional[int] = _or_none(settings.integer(1))
    tf_random_seed: int = _setting(settings.integer(0), default=1)
    xla: Any = _setting(settings.choice("auto", True, False), default="auto")


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
    **dict.fromkeys(INPUTS, InputConfig),
    "model": ModelConfig,
    "optimizer": OptimizerConfig,
    "runconfig": RunConfig,
}
# The section whose keys belong to Cerebras' own configuration.
CS_SECTION = "csconfig"
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
        there = sorted(glob.glob(os.path.join(os.path.dirname(path), "*.yaml")))
        raise UserError(
            f"cannot read the configuration {path}: {error.strerror}. Choose one with CONFIG "
            f"(--params) or MODEL; in its folder are: {', '.join(there) or 'none'}"
        ) from None
    except (yaml.YAMLError, ValueError) as error:
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
    """One section's dataclass; or None, with what is wrong appended to `errors`."""
    values = {} if values is None else values
    if not isinstance(values, dict):
        errors.append(f"{name}: expected a mapping, found {values!r}")
        return None
    kind = SECTIONS.get(name)
    fields = {field.name: field for field in dataclasses.fields(kind)} if kind else {}
    found, faults = {}, []
    for key, value in values.items():
        try:
            if key not in fields:
                _other_key(name, key, value, fields, log)
            elif value is not None or _is_required(fields[key]):  # else null means the default
                found[key] = fields[key].metadata["parse"](value)
        except ValueError as error:
            faults.append(f"{name}.{key}: {error}")
    for field in fields.values():
        if _is_required(field) and field.name not in values:
            faults.append(f"{name}.{field.name}: missing")
    errors += faults
    return kind(**found) if kind and not faults else None


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
    for name in INPUTS:
        section = sections[name]
        length = section and section.max_sequence_length
        if model and length and length > model.max_position_embeddings:
            errors.append(
                f"{name}.max_sequence_length {length} is beyond "
                f"model.max_position_embeddings {model.max_position_embeddings}"
            )
    return errors
