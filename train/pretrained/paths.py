"""A checkpoint's path as people give it: with ~, or the name of one of its files."""

import os
import re

from train.checkpoints import files
from train.pretrained import huggingface

# Of TensorFlow's files; Cerebras' documents say .mdl where the files have none of these.
_ENDING = r"\.(index|meta|mdl|data-\d{5}-of-\d{5})$"
_SAFETENSORS = r"model(-\d{5}-of-\d{5})?\.safetensors"


def resolved(typed: str) -> str:
    """The folder or the TensorFlow prefix that is meant; a path that fits nothing, as it is."""
    path = os.path.expanduser(typed)
    prefix = re.sub(_ENDING, "", path)
    if os.path.exists(prefix + ".index"):
        return prefix
    folder, name = os.path.split(path)
    of_folder = name in (huggingface.SHARDS_FILE, files.STATE_FILE)
    if os.path.isfile(path) and (of_folder or re.fullmatch(_SAFETENSORS, name)):
        return folder or os.curdir
    return path
