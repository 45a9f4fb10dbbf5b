"""Reads a YAML configuration into frozen dataclasses; reports every error in it at once.

A key that is neither declared in shared/config/schema.py nor listed in modelzoo_keys.py is an error
with the nearest name.
"""

import dataclasses
import glob
import os
from typing import Any, Callable, Dict, List, Sequence

from shared.config import (
    joint_rules,
    modelzoo_saved,
    overrides,
    own_keys,
    pretrain_params,
    recipe,
    settings,
)
from shared.config.input_sections import EVAL_INPUT, PREDICT_INPUT, TRAIN_INPUT
from shared.config.modelzoo_keys import FIXED, IGNORED, PRETRAIN_PARAMS_PATH, REFUSED
from shared.config.schema import SECTIONS, Config
from shared.errors import UserError
from shared.mapping_files import read_yaml
from shared.suggest import unknown

_OPTIONAL = ("quality",)
_CS_SECTION = "csconfig"
# Written into <model_dir>/params.yaml beside the configuration, and skipped here, so that the file
# is itself a valid configuration.
DATA_SECTION = "data"
ENVIRONMENT_SECTION = "environment"
GIVEN_SECTION = "given"


def load(
    path: str,
    log: Callable[[str], None],
    given: Sequence[str] = (),
    model_of_start: Callable[[], Dict[str, Any]] = dict,
) -> Config:
    """Reads a YAML configuration.

    Args:
      path: the file.
      log: receives one line for every key that is accepted but has no effect; of a file that the
        Model Zoo's run.py saved, which has dozens of them, one line for all.
      given: settings of the command line, `section.key=value`, which come before the file's.
      model_of_start: called if the configuration states no sizes; returns what is known of the
        section model from the checkpoint that the run starts from.
    Raises:
      UserError: one message that lists every error in the file, in `given`, and in the model
        section that it inherits.
    """
    content = {} if recipe.is_at(path) else _read(path)
    remarks: List[str] = []
    is_saved = modelzoo_saved.recognizes(content)
    if is_saved:
        modelzoo_saved.settle(content)
    settings_given = overrides.parse(given)
    overrides.lay_over(
        content, settings_given, overrides.sections(settings_given) - {EVAL_INPUT, PREDICT_INPUT}
    )
    title = f"{path} with {', '.join(given)}" if given else path
    _settle_sections(title, content)
    if recipe.is_under(content):
        content = recipe.laid_under(content, model_of_start())
    _inherit_inputs(content, settings_given)
    own = own_keys.take_out(content, lambda line: log(f"{path}: {line}"))
    errors: List[str] = []
    csconfig = _csconfig(content.pop(_CS_SECTION, None), errors)
    layers = {name: [(path, content.get(name))] for name in _section_names(content)}
    layers["model"] = _model_layers(path, content.get("model"), errors)
    sections = {name: _section(name, layers[name], errors, remarks.append) for name in layers}
    _say(path, remarks, is_saved, log)
    errors += joint_rules.errors(sections, content, csconfig)
    if errors:
        inherited = "".join(f" (model inherits from {file})" for file, _ in layers["model"][1:])
        raise _mistakes(title + inherited, errors)
    made: Dict[str, Any] = {name: sections.get(name) for name in SECTIONS}
    return Config(**made, csconfig=csconfig, given=settings_given, own_keys=own)


def _say(path, remarks, is_saved, log) -> None:
    if is_saved:
        count = f"{len(remarks)} keys of it have no effect here"
        remarks = [f"{path} was saved by the Model Zoo's run.py; {count}"]
    for line in remarks:
        log(line)


def _read(path: str) -> Dict[str, Any]:
    return read_yaml(path, _advice(path), f"the sections {', '.join(SECTIONS)}")


def _advice(path: str) -> str:
    there = sorted(glob.glob(os.path.join(os.path.dirname(path), "*.yaml")))
    listed = ", ".join(there) or "none"
    return f"Choose a configuration with CONFIG (--params) or MODEL; that folder has: {listed}"


def _section_names(content) -> List[str]:
    """The sections to read: all except optional ones that the file lacks."""
    absent = {name for name in _OPTIONAL if content.get(name) is None}
    return sorted({*SECTIONS, *IGNORED} - absent)


def _csconfig(value, errors) -> Dict[str, Any]:
    """The section csconfig; empty if it has an error, which is appended to `errors`."""
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
    """Drops the additional sections of params.yaml; unknown sections are an error."""
    for name in (DATA_SECTION, ENVIRONMENT_SECTION, GIVEN_SECTION):
        content.pop(name, None)
    known = {*SECTIONS, *IGNORED, _CS_SECTION}
    errors = [unknown("section", name, known) for name in content if name not in known]
    if errors:
        raise _mistakes(path, errors)


def _mistakes(where: str, errors) -> UserError:
    return UserError("\n".join([f"{where}:", *("  " + error for error in errors)]))


def dump(config: Config) -> Dict[str, Any]:
    """The configuration as plain mappings; `load` reads the same one back from their YAML."""
    content = dataclasses.asdict(config)
    content["optimizer"]["learning_rate"] = [
        {"scheduler": schedule.scheduler, **_plain(schedule.values)}
        for schedule in config.optimizer.learning_rate
    ]
    if config.optimizer.optimizer_type != "momentum":
        del content["optimizer"]["momentum"]  # giving it would be an error
    if not config.given:
        del content[GIVEN_SECTION]
    del content["own_keys"]
    plain = _plain(content)
    for name, keys in config.own_keys.items():
        plain[name].update(keys)
    return plain


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _inherit_inputs(content: Dict[str, Any], given: Dict[str, Any]) -> None:
    """As in the Model Zoo: eval_input defaults to train_input, predict_input overlays eval_input.

    What the command line gives for the two comes last.
    """
    train, predict = content.get(TRAIN_INPUT), content.get(PREDICT_INPUT)
    if content.get(EVAL_INPUT) is None:
        content[EVAL_INPUT] = own_keys.inherited(train)
    overrides.lay_over(content, given, {EVAL_INPUT})
    evaluate = content[EVAL_INPUT]
    predict = {} if predict is None else predict
    if isinstance(evaluate, dict) and isinstance(predict, dict):
        content[PREDICT_INPUT] = {**own_keys.inherited(evaluate), **predict}
    overrides.lay_over(content, given, {PREDICT_INPUT})


def _model_layers(path, model, errors):
    """[(file, mapping)] of the model section; empty if an inherited file cannot be read."""
    if not isinstance(model, dict):
        return [(path, model)]
    own = {key: value for key, value in model.items() if key != PRETRAIN_PARAMS_PATH}
    stated = model.get(PRETRAIN_PARAMS_PATH)
    if stated is None:
        return _without_embedding_size([(path, own)])
    try:
        return _without_embedding_size([(path, own), pretrain_params.base_model(path, stated, own)])
    except (UserError, ValueError) as error:
        errors.append(f"model.{PRETRAIN_PARAMS_PATH}: {error}")
        return []


def _without_embedding_size(layers):
    """Leaves it out where it is hidden_size, as in every BERT; another one is refused later."""
    hidden = [values["hidden_size"] for _, values in layers if "hidden_size" in values]
    return [
        (file, {key: v for key, v in values.items() if key != "embedding_size" or [v] != hidden})
        for file, values in layers
    ]


def _section(name, layers, errors, log):
    """One section's dataclass; or None, with what is wrong appended to `errors`.

    Args:
      layers: [(file, mapping)], the configuration's own first; no key is in two of them.
        Empty if the section is already known to be unreadable.
    """
    for _, values in layers:
        if not isinstance(values, (dict, type(None))):
            errors.append(f"{name}: expected a mapping, found {values!r}")
            return None
    kind = SECTIONS.get(name)
    fields = {field.name: field for field in dataclasses.fields(kind)} if kind else {}
    found: Dict[str, Any] = {}
    faults: List[str] = []
    for file, values in layers:
        more, wrong = _read_keys(name, values or {}, fields, log, file)
        found.update(more)
        faults += wrong if file == layers[0][0] else [f"{fault} (in {file})" for fault in wrong]
    faults += _missing(name, layers, fields)
    errors += faults
    return kind(**found) if kind and layers and not faults else None


def _missing(name, layers, fields):
    """A line for every required key that is in no layer."""
    stated = {key for _, values in layers for key in values or {}}
    required = [field.name for field in fields.values() if _is_required(field)] if layers else []
    return [f"{name}.{key}: missing" for key in required if key not in stated]


def _read_keys(section, values, fields, log, file):
    """({key: setting}, [what is wrong]) of one file's section."""
    found: Dict[str, Any] = {}
    faults: List[str] = []
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
    """A key that is not a field: fixed, ignored, refused or unknown."""
    fixed, ignored = FIXED.get(section, {}), IGNORED.get(section, {})
    refused = REFUSED.get(section, {})
    if key in fixed:
        allowed, reason = fixed[key]
        if type(value) is not type(allowed) or value != allowed:
            only, found = settings.shown(allowed), settings.shown(value)
            raise ValueError(f"only {only} is supported ({reason}), found {found}")
    elif key in ignored:
        log(f"{section}.{key} has no effect: {ignored[key]}")
    elif key in refused:
        raise ValueError(f"refused: {refused[key]}")
    else:
        inherits = {PRETRAIN_PARAMS_PATH} if section == "model" else set()
        known = {*fields, *fixed, *ignored, *inherits}
        raise ValueError(unknown("key", key, known, page="docs/configuration.md"))
