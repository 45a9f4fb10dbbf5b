"""The folder of one training: params.yaml says what it was made of, so that nothing is mixed up."""

import dataclasses
import os
from typing import Optional

import yaml

from shared import config
from shared.config import Config
from shared.errors import UserError
from shared.manifest import Manifest

PARAMS_FILE = "params.yaml"
# Of the model section, what a run may not change after its first step.
_FIXED_KEYS = (
    "hidden_size",
    "num_heads",
    "num_hidden_layers",
    "filter_size",
    "max_position_embeddings",
    "encoder_nonlinearity",
    "layer_norm_epsilon",
)


def read_params(model_dir: str) -> Optional[dict]:
    """The content of <model_dir>/params.yaml; None where there is none."""
    path = os.path.join(model_dir, PARAMS_FILE)
    try:
        with open(path, encoding="utf-8") as file:
            return yaml.safe_load(file)
    except FileNotFoundError:
        return None
    except (OSError, yaml.YAMLError) as error:
        raise UserError(f"cannot read {path}: {error}") from None


def write_params(model_dir: str, resolved: Config, found: Manifest, origin: str) -> None:
    """Writes params.yaml: a valid configuration, plus the section `data`.

    Args:
      resolved: the configuration with nothing unset.
      found: the manifest of the dataset that the model is trained on.
      origin: where the first weights came from.
    """
    vocabulary = found.vocabulary
    content = config.dump(resolved)
    content[config.DATA_SECTION] = {
        "task": found.task,
        "fingerprint": found.fingerprint(),
        "label_names": found.label_names and list(found.label_names),
        "max_sequence_length": found.max_sequence_length,
        "vocabulary": vocabulary.name,
        "vocabulary_sha256": vocabulary.sha256,
        "lower_case": vocabulary.lower_case,
        "initialized_from": origin,
    }
    os.makedirs(model_dir, exist_ok=True)
    path = os.path.join(model_dir, PARAMS_FILE)
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        yaml.safe_dump(content, file, sort_keys=False)
    os.replace(path + ".tmp", path)


def check_same_data(model_dir: str, params: dict, dataset: str, found: Manifest) -> None:
    """A training goes on with the data that it began with, or not at all."""
    began_with = params[config.DATA_SECTION]
    if began_with["fingerprint"] != found.fingerprint():
        raise UserError(
            f"{model_dir} was trained on other data ({began_with['task']}, fingerprint "
            f"{began_with['fingerprint'][:12]}) than {dataset} ({found.task}, "
            f"{found.fingerprint()[:12]}). Choose another MODEL_DIR to train on it."
        )


def check_can_evaluate(model_dir: str, params: dict, dataset: str, found: Manifest) -> None:
    """Other examples are welcome if their labels and ids mean the same."""
    trained = params[config.DATA_SECTION]
    label_names = found.label_names and list(found.label_names)
    pairs = (
        ("label_names", trained["label_names"], label_names),
        ("vocabulary_sha256", trained["vocabulary_sha256"], found.vocabulary.sha256),
        ("lower_case", trained["lower_case"], found.vocabulary.lower_case),
    )
    lines = [
        f"  {name}: {ours}, the data has {theirs}" for name, ours, theirs in pairs if ours != theirs
    ]
    if lines:
        raise UserError(
            f"the model in {model_dir} cannot answer for {dataset}:\n" + "\n".join(lines) + "\n"
            "Give the data it was trained for (DATA_DIR, TASK), made with its vocabulary."
        )


def with_trained_model(model_dir: str, params: dict, given: Config) -> Config:
    """The configuration with the model of params.yaml, where it leaves something unset.

    Raises:
      UserError: it states something else than the model was trained with.
    """
    trained = params["model"]
    lines = []
    for key in _FIXED_KEYS:
        stated = getattr(given.model, key)
        if stated is not None and stated != trained[key]:
            lines.append(
                f"  model.{key}: trained with {trained[key]}, the configuration has {stated}"
            )
    if lines:
        raise UserError(
            f"{model_dir} holds another model than the configuration:\n" + "\n".join(lines) + "\n"
            f"Use its own configuration, {os.path.join(model_dir, PARAMS_FILE)}, or another "
            "MODEL_DIR."
        )
    unset = {key: trained[key] for key in _FIXED_KEYS}
    return dataclasses.replace(given, model=dataclasses.replace(given.model, **unset))
