"""What a model folder says of its model: configuration, vocabulary, labels, checkpoints."""

import os
import sys
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np

from inference import near
from shared import config, shown, tasks, vocab
from shared.config import Config
from shared.errors import UserError
from shared.remote import mirror
from shared.vocab import Vocabulary
from shared.word_pieces import file_in
from train.checkpoints import files, model_dir
from train.scoring import thresholds


@dataclass(frozen=True)
class ModelFolder:
    """A folder that holds all that using its model needs.

    Attributes:
      path: the folder.
      recorded: all that params.yaml holds, {section: content}.
      params: the configuration in it, with nothing unset.
      task: what it was trained for.
      fingerprint: of the dataset that it was trained on.
      initialized_from: where its first weights came from, as text for people.
      label_names: of the outputs, in their order; None for scores.
      thresholds: float64 [C] of a multi-label model (train/scoring/thresholds.py); else None.
      text_columns: the names of the one or two texts of an example.
      label_column, id_column: of the user's files; None if unknown, as for GLUE.
      max_sequence_length: tokens of an example.
      windows: how many tokens two windows of a longer text share; None to cut it off.
      vocabulary: turns text into ids as it did for training.
    """

    path: str
    recorded: "dict[str, Any]"
    params: Config
    task: str
    fingerprint: str
    initialized_from: str
    label_names: "tuple[str, ...] | None"
    thresholds: "np.ndarray | None"
    text_columns: "tuple[str, ...]"
    label_column: Optional[str]
    id_column: Optional[str]
    max_sequence_length: int
    windows: Optional[int]
    vocabulary: Vocabulary


def read(path: str, vocab_file: Optional[str] = None) -> ModelFolder:
    """Reads all but the weights; args: vocab_file, for a folder that has no vocabulary.

    Raises:
      UserError: it holds no trained model, or not all that using it needs.
    """
    path = os.path.expanduser(path)
    trained = model_dir.read_params(path)
    if trained is None or not files.newest_first(path):
        raise _no_model(path)
    facts = trained[config.DATA_SECTION]
    names = facts["label_names"]
    vocabulary = _vocabulary(path, facts, vocab_file)
    return ModelFolder(
        path=path,
        recorded=trained,
        params=config.load(os.path.join(path, model_dir.PARAMS_FILE), _log),
        task=facts["task"],
        fingerprint=facts["fingerprint"],
        initialized_from=facts["initialized_from"],
        label_names=None if names is None else tuple(names),
        thresholds=_thresholds(path, facts),
        text_columns=_text_columns(path, facts),
        label_column=facts.get("label_column"),
        id_column=facts.get("id_column"),
        max_sequence_length=facts["max_sequence_length"],
        windows=facts["windows"],
        vocabulary=vocabulary,
    )


def _no_model(path: str) -> UserError:
    found = near.models(path)
    return UserError(
        f"{mirror.named(path)} has no trained model: expected {model_dir.PARAMS_FILE} and a "
        "checkpoint; give the folder of a training (MODEL_DIR), or train one with `make train`"
        + (f". Near it are: {shown.listed(found)}" if found else "")
    )


def _log(line: str) -> None:
    """Answers may go to standard output."""
    print(line, file=sys.stderr)


def _thresholds(path: str, facts: dict) -> "np.ndarray | None":
    """Those of the newest checkpoint."""
    if not facts["multi_label"]:
        return None
    checkpoint = os.path.basename(files.newest_first(path)[0])
    return thresholds.read(path, checkpoint, facts["label_names"], _log)


def _text_columns(path: str, facts: dict) -> "tuple[str, ...]":
    """Trainings of earlier versions did not record them; those of GLUE's tasks are known."""
    task = tasks.TASKS.get(facts["task"])
    found = facts.get("text_columns") or (task and task.text_columns)
    if not found:
        raise UserError(
            f"{os.path.join(path, model_dir.PARAMS_FILE)} does not name the text columns: an "
            "earlier version wrote it. Add them below data: text_columns: [<column>], or two for "
            "pairs"
        )
    return tuple(found)


def _vocabulary(path: str, facts: dict, given: Optional[str]) -> Vocabulary:
    """The folder's own, or else the given one, which must be the one it was trained with."""
    if not facts["vocabulary_sha256"]:
        raise UserError(
            f"{path} was trained by an input function without a dataset, so how its texts became "
            "ids is unknown; train it with the dataset given, too (--data_dir)"
        )
    is_own = file_in(path) is not None
    if not is_own and given is None:
        raise UserError(
            f"{path} holds no vocabulary (deleted, or an earlier version wrote it); give the one "
            f"it was trained with, {facts['vocabulary']}: VOCAB=<file> (--vocab_file)"
        )
    found = vocab.read(path) if is_own else vocab.read(given, facts["lower_case"])
    rules = {name: facts[name] for name in vocab.TEXT_RULES}
    different = vocab.differences(found, facts["vocabulary_sha256"], rules)
    if different:
        raise UserError(
            f"{found.path} is not the vocabulary that {path} was trained with "
            f"({facts['vocabulary']}): another {', '.join(different)}"
        )
    return found
