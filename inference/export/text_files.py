"""The files beside the weights that say how text becomes ids, as transformers reads them."""

import dataclasses
import json
import os

from inference.model_folder import ModelFolder
from shared import tokenizer_files, vocab
from shared.files import write_whole
from shared.mapping_files import read_json
from shared.word_pieces import CLS, PAD, SEP, UNK

_SPECIAL_FILE = "special_tokens_map.json"
_SPECIAL = {
    "unk_token": UNK,
    "sep_token": SEP,
    "pad_token": PAD,
    "cls_token": CLS,
    "mask_token": "[MASK]",
}
# [SEP] and the like, written in a text, are ordinary characters.
_AS_TEXT = {"split_special_tokens": True}
_LENGTH = "model_max_length"


def write(target: str, folder: ModelFolder) -> None:
    """Writes vocab.txt, tokenizer_config.json and special_tokens_map.json."""
    pieces = folder.vocabulary.pieces
    special = {key: token for key, token in _SPECIAL.items() if token in pieces}
    more = {**special, **_AS_TEXT, _LENGTH: folder.max_sequence_length}
    vocab.write(target, folder.vocabulary, **more)
    write_whole(os.path.join(target, _SPECIAL_FILE), json.dumps(special, indent=2) + "\n")


def read(target: str, folder: ModelFolder) -> ModelFolder:
    """`folder` with the vocabulary and the length that these files state."""
    config = read_json(os.path.join(target, tokenizer_files.CONFIG_FILE), "Export it again.")
    return dataclasses.replace(
        folder, path=target, vocabulary=vocab.read(target), max_sequence_length=config[_LENGTH]
    )
