"""The folder of one training: params.yaml records its settings and data, to prevent mix-ups.

With the vocabulary beside it, the folder is all that using the model needs.
"""

import dataclasses
import os
import platform
import re
from typing import Any, Iterator, List, Optional

import yaml

from shared import config, dataset_vocabulary, lock, shown, vocab
from shared.config import Config
from shared.config.input_sections import TRAIN_INPUT
from shared.errors import UserError
from shared.files import write_whole
from shared.manifest import Manifest
from shared.mapping_files import read_yaml

PARAMS_FILE = "params.yaml"
_LOCK_FILE = ".lock"
_DATA = config.DATA_SECTION
_DATA_KEYS = (
    *("task", "fingerprint", "label_names", "vocabulary_sha256", "lower_case"),
    "initialized_from",
)
# What may differ between two runs in one model_dir without changing a step.
_LENGTH_OF_RUN = {
    *("data_dir", "max_steps", "steps", "eval_steps", "keep_checkpoint_max"),
    *("save_checkpoints_steps", "save_summary_steps", "log_step_count_steps"),
    *("early_stopping_patience", "max_skipped_steps", "best_metric", "eval_checkpoints"),
}
_SEGMENTS = "use_segment_embedding"
# Keys of the model section that may not change after the first step.
FIXED_KEYS = (
    "hidden_size",
    "num_heads",
    "num_hidden_layers",
    "filter_size",
    "max_position_embeddings",
    "encoder_nonlinearity",
    "layer_norm_epsilon",
    _SEGMENTS,
)


def check_name(path: str) -> None:
    """TensorFlow treats a checkpoint's path as a pattern, so some folders could not be read back.

    Args: path, a model_dir or a checkpoint.
    """
    if re.search(r"[*?\[\]{}\\]", os.path.abspath(path)):
        raise UserError(
            f"{path}: the path of a checkpoint must not contain * ? [ ] {{ }} \\, which TensorFlow "
            "treats as a pattern; choose another folder"
        )


def check_is_folder(path: str) -> None:
    """Checks that nothing else is where a model_dir is to be; raises UserError."""
    if os.path.exists(path) and not os.path.isdir(path):
        raise UserError(f"MODEL_DIR is {path}, which is a file; choose another MODEL_DIR")


def make(path: str) -> None:
    """Creates the folder if it does not exist.

    Raises:
      UserError: it cannot be created.
    """
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot create the folder {path}: {error.strerror}; choose another MODEL_DIR"
        ) from None


def locked(model_dir: str):
    """A context manager that keeps a second training out of model_dir."""
    return lock.exclusive(os.path.join(model_dir, _LOCK_FILE), "another training", "MODEL_DIR")


def check_not_locked(model_dir: str) -> None:
    """As `locked`, for a message before TensorFlow takes its seconds to start."""
    if os.path.exists(os.path.join(model_dir, _LOCK_FILE)):
        with locked(model_dir):
            pass


NOT_OURS = "It was not written by `make train`, or is damaged; choose another MODEL_DIR."


def read_params(model_dir: str) -> Optional[dict]:
    """The content of <model_dir>/params.yaml; None if the file does not exist.

    Raises:
      UserError: the file is damaged, or was not written by a training.
    """
    path = os.path.join(model_dir, PARAMS_FILE)
    if not os.path.exists(path):
        return None
    content = read_yaml(path, NOT_OURS)
    if isinstance(content.get("model"), dict):
        content["model"].setdefault(_SEGMENTS, True)  # trainings before it was recorded
    for section, keys in (("model", FIXED_KEYS), (_DATA, _DATA_KEYS)):
        found = content.get(section)
        missing = sorted({*keys} - {*(found if isinstance(found, dict) else ())})
        if missing:
            raise UserError(f"{path}: {section} lacks {', '.join(missing)}. {NOT_OURS}")
    # Trainings before these were recorded knew only the reference's rules, one label a row, and no
    # windows.
    rules = vocab.default_rules(content[_DATA]["lower_case"])
    unrecorded = {**rules, "multi_label": False, "windows": None}
    content[_DATA] = {**unrecorded, **content[_DATA]}
    return content


def write_params(
    model_dir: str, resolved: Config, manifest: Manifest, origin: str, environment: dict
) -> None:
    """Writes what a model needs besides its weights.

    params.yaml is a valid configuration, plus the training's data and environment; vocab.txt and
    tokenizer_config.json are those of the dataset, if it has them.

    Args:
      resolved: the configuration with nothing unset; train_input.data_dir is the dataset.
      manifest: the manifest of the dataset that the model is trained on.
      origin: where the first weights came from.
      environment: what `environment` returns.
    """
    content = config.dump(resolved)
    content[_DATA] = {**data_facts(manifest), "initialized_from": origin}
    content[config.ENVIRONMENT_SECTION] = environment
    text = yaml.safe_dump(content, sort_keys=False)
    dataset = resolved.train_input.dataset
    vocabulary = dataset and dataset_vocabulary.read(dataset, manifest)
    # First: where it is, a training was begun, so the other files may be replaced.
    write_whole(os.path.join(model_dir, PARAMS_FILE), text)
    if vocabulary:
        vocab.write(model_dir, vocabulary)


def data_facts(manifest: Manifest) -> dict:
    """What params.yaml records of the data."""
    return {
        "task": manifest.task,
        "fingerprint": manifest.fingerprint(),
        "label_names": manifest.label_names and list(manifest.label_names),
        "multi_label": manifest.is_multi_label,
        "text_columns": list(manifest.text_columns),
        "label_column": manifest.label_column,
        "id_column": manifest.id_column,
        "max_sequence_length": manifest.max_sequence_length,
        "windows": manifest.windows,
        "vocabulary": manifest.vocabulary.name,
        "vocabulary_sha256": manifest.vocabulary.sha256,
        **vocab.rules_of(manifest.vocabulary),
    }


def environment(backend: str, devices: int) -> dict:
    """What, besides the configuration, affects the last bits of the results.

    Args: devices, how many share a batch; dropout and the order of streamed rows depend on it, too.
    """
    can_tell = hasattr(os, "sched_getaffinity")  # not on macOS
    threads = len(os.sched_getaffinity(0)) if can_tell else os.cpu_count()
    machine = platform.machine()
    return {"backend": backend, "devices": devices, "machine": machine, "threads": threads}


def changes(before: dict, resolved: Config, environment: dict) -> List[str]:
    """One line for every setting that has changed since the training began."""
    now = {**config.dump(resolved), config.ENVIRONMENT_SECTION: environment}
    sections = (TRAIN_INPUT, "model", "optimizer", "runconfig", config.ENVIRONMENT_SECTION)
    return [
        change
        for section in sections
        for key in _compared_keys(section, before.get(section) or {}, now[section])
        for change in _change(before, now, section, key)
    ]


def check_is_ours(model_dir: str, trained: dict, params: Config, step: int) -> None:
    """Checks that a training which is complete has this run's settings.

    Args: trained, its params.yaml; step, at which it is.
    Raises:
      UserError: another configuration has filled the folder; what differs is listed.
    """
    differences = changes(trained, params, trained.get(config.ENVIRONMENT_SECTION) or {})
    if differences:
        raise UserError(
            f"nothing to train: the training in {model_dir} is complete at step {step}, but it had "
            "other settings:\n" + "".join(f"  {line}\n" for line in differences) + "Train with "
            "these in another MODEL_DIR, or go on with them for longer: "
            "SET=runconfig.num_epochs=<n>, or --max_steps."
        )


def _compared_keys(section: str, before: dict, now: dict) -> List[str]:
    """All keys; of the environment, which differs by backend, only the common ones."""
    both = section == config.ENVIRONMENT_SECTION
    keys = set(before) & set(now) if both else set(before) | set(now)
    return sorted(keys - _LENGTH_OF_RUN)


def precision_change(before: dict, resolved: Config) -> List[str]:
    """A line if a model is scored in another precision than it was trained in."""
    return _change(before, config.dump(resolved), "model", "mixed_precision")


def _change(before: dict, now: dict, section: str, key: str) -> List[str]:
    old, new = (content.get(section) or {} for content in (before, now))
    return list(_differences(f"{section}.{key}", old.get(key), new.get(key)))


def _differences(name: str, old: Any, new: Any) -> Iterator[str]:
    """A line for each part of a value that differs; of lists, only where they are of one length.

    >>> list(_differences("a", [{"b": 1, "c": 2}], [{"b": 1, "c": 3}]))
    ['a[0].c: 2 before, 3 now']
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            yield from _differences(f"{name}.{key}", old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, pair in enumerate(zip(old, new)):
            yield from _differences(f"{name}[{number}]", *pair)
    elif old != new:
        yield f"{name}: {old} before, {new} now"


def check_same_data(model_dir: str, params: dict, dataset: str, manifest: Manifest) -> None:
    """A training must resume with the data it began with."""
    began_with = params[_DATA]
    if began_with["fingerprint"] != manifest.fingerprint():
        raise UserError(
            f"{model_dir} was trained on other data ({began_with['task']}, fingerprint "
            f"{began_with['fingerprint'][:12]}) than {dataset} ({manifest.task}, "
            f"{manifest.fingerprint()[:12]}). Choose another MODEL_DIR to train on it."
        )


def other_data(params: dict, dataset: str, manifest: Manifest) -> List[str]:
    """A line if a model is scored on a dataset that it was not trained with."""
    began_with = params[_DATA]
    is_known = began_with["vocabulary_sha256"] and manifest.vocabulary.sha256
    if not is_known or began_with["fingerprint"] == manifest.fingerprint():
        return []
    section = params.get(TRAIN_INPUT) or {}
    return [
        f"scored on other data than it was trained with: {dataset} ({manifest.task}), not "
        f"{section.get('data_dir')} ({began_with['task']})"
    ]


def check_can_evaluate(trained: dict, model_dir: str, dataset: str, manifest: Manifest) -> None:
    """Checks that labels and ids of the data mean the same as in training; other examples are fine.

    Args: trained, the data_facts of the data that the model is trained on.
    """
    given = data_facts(manifest)
    lines = [
        f"  {name}: {_cut(trained[name])}, the data has {_cut(given[name])}"
        for name in ("label_names", "multi_label", "vocabulary_sha256", *vocab.TEXT_RULES)
        if trained[name] != given[name]
    ]
    if lines:
        raise UserError(
            f"the model in {model_dir} does not fit {dataset}:\n" + "\n".join(lines) + "\n"
            "Give data for the task it was trained on (DATA_DIR, TASK), built with its vocabulary."
        )


def _cut(value):
    """A value of data_facts, without most of many labels."""
    return shown.value(value) if isinstance(value, list) else value


def with_trained_model(model_dir: str, params: dict, given: Config) -> Config:
    """The configuration, with what it leaves unset in `model` taken from params.yaml.

    Raises:
      UserError: it contradicts the model as trained.
    """
    trained = params["model"]
    lines = []
    for key in FIXED_KEYS:
        stated = getattr(given.model, key)
        if stated is not None and stated != trained[key]:
            lines.append(
                f"  model.{key}: trained with {trained[key]}, the configuration has {stated}"
            )
    if lines:
        raise UserError(
            f"the model in {model_dir} differs from the configuration:\n" + "\n".join(lines) + "\n"
            f"Use its own configuration, {os.path.join(model_dir, PARAMS_FILE)}, or another "
            "MODEL_DIR."
        )
    unset = {key: trained[key] for key in FIXED_KEYS}
    return dataclasses.replace(given, model=dataclasses.replace(given.model, **unset))
