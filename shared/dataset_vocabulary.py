"""The vocabulary in a dataset's folder: with it a model can be used where the dataset is not.

<dataset>/vocab.txt and tokenizer_config.json, as in a Hugging Face checkpoint.
"""

import os
from typing import Optional

from shared import tokenizer_files, vocab, word_pieces
from shared.dataset_fit import rebuild_advice
from shared.errors import UserError
from shared.manifest import Manifest
from shared.vocab import Vocabulary

FILES = (word_pieces.LINES_FILE, tokenizer_files.CONFIG_FILE)


def read(dataset: str, manifest: Manifest) -> Optional[Vocabulary]:
    """The vocabulary that made the ids; None if the dataset does not hold it.

    Raises:
      UserError: it is damaged, or is not the one that the manifest names.
    """
    if word_pieces.file_in(dataset) is None:
        return None
    try:
        return _read(dataset, manifest)
    except UserError as error:
        raise UserError(f"{error}. {rebuild_advice(manifest)}") from None


def required(dataset: str, manifest: Manifest) -> Vocabulary:
    """As `read`, but a UserError if the dataset does not hold it."""
    found = read(dataset, manifest)
    if found is None:
        raise UserError(
            f"{dataset} holds no vocabulary, as an earlier version wrote it, so its texts are "
            f"unknown. {rebuild_advice(manifest)}"
        )
    return found


def fault(dataset: str, manifest: Manifest) -> Optional[str]:
    """What is wrong with the vocabulary in the folder; None if nothing is."""
    try:
        _read(dataset, manifest)
    except UserError as error:
        return str(error)
    return None


def _read(dataset: str, manifest: Manifest) -> Vocabulary:
    """Raises UserError with what is wrong."""
    for name in FILES:
        if not os.path.exists(os.path.join(dataset, name)):
            raise UserError(f"{os.path.join(dataset, name)} is missing")
    found, made = vocab.read(dataset), manifest.vocabulary
    different = vocab.differences(found, made.sha256, vocab.rules_of(made))
    if different:
        raise UserError(f"{found.path} did not make the records: another {', '.join(different)}")
    return found
