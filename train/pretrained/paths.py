"""A checkpoint's path as people give it: with ~, or the name of one of its files."""

import os
import re

from shared.remote import sources, store, urls
from train.checkpoints import files
from train.pretrained import huggingface

# Of TensorFlow's files; Cerebras' documents say .mdl where the files have none of these.
_ENDING = r"\.(index|meta|mdl|data-\d{5}-of-\d{5})$"
_SAFETENSORS = r"model(-\d{5}-of-\d{5})?\.safetensors"


def resolved(typed: str) -> str:
    """The folder or the TensorFlow prefix that is meant; a path that fits nothing, as it is.

    Of a checkpoint in a store, the path of its copy. Raises UserError if nothing is there.
    """
    path = _copied(urls.checked(typed)) if urls.is_remote(typed) else os.path.expanduser(typed)
    prefix = re.sub(_ENDING, "", path)
    if os.path.exists(prefix + ".index"):
        return prefix
    folder, name = os.path.split(path)
    of_folder = name in (huggingface.SHARDS_FILE, files.STATE_FILE)
    if os.path.isfile(path) and (of_folder or re.fullmatch(_SAFETENSORS, name)):
        return folder or os.curdir
    return path


def _copied(url: str) -> str:
    """The copy of a folder's files or, where the URL names a checkpoint among others, of its."""
    if store.listed(url, depth=1):
        return sources.folder(url)
    folder, name = urls.split(url)
    prefix = re.sub(_ENDING, "", name)
    is_file = prefix == name and store.exists(url)

    def is_wanted(other: str) -> bool:
        return is_file or other.startswith(prefix + ".")

    if not any(map(is_wanted, store.listed(folder, depth=1))):
        raise sources.missing(url)
    return os.path.join(sources.folder(folder, is_wanted), name)
