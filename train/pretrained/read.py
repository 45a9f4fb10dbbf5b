"""Reads a checkpoint of any format, recognized by the files' content."""

import fnmatch
import os
from typing import List

from shared.errors import UserError
from train.pretrained import google, huggingface, modelzoo, paths, tf_checkpoint
from train.pretrained.weights import Pretrained

_TENSORFLOW_FORMATS = (google, modelzoo)
_EXPECTED = (
    "Expected a Hugging Face folder (config.json and model.safetensors or its shards), or the "
    "folder or prefix of a TensorFlow checkpoint (<prefix>.index and .data of Google's BERT, of "
    "the Model Zoo, or of a model_dir)."
)
_PICKLES = "pytorch_model*.bin"
_SHOWN = 5  # variables of an unknown model, to help identify it


def read(path: str) -> Pretrained:
    """The checkpoint in a folder, or with a TensorFlow prefix such as runs/model.ckpt-1000.

    Args: path, as people give it.
    Raises:
      UserError: there is no checkpoint, its format is unknown, or it is damaged.
    """
    path = paths.resolved(path)
    prefixes, has_safetensors = tf_checkpoint.prefixes(path), huggingface.recognizes(path)
    if prefixes and has_safetensors:
        raise UserError(
            f"{path} holds {huggingface.FORMAT} files and {prefixes[0]}.index; give the prefix "
            f"{prefixes[0]} for the latter, or a folder that holds only one of them"
        )
    if has_safetensors:
        return huggingface.read(path)
    if not prefixes:
        raise _no_checkpoint(path)
    prefix = tf_checkpoint.choose(path, prefixes)
    tensors = tf_checkpoint.read(prefix)
    for reader in _TENSORFLOW_FORMATS:
        if reader.recognizes(tensors):
            return reader.interpret(prefix, tensors)
    shown = "".join("\n  " + name for name in sorted(tensors)[:_SHOWN])
    raise UserError(
        f"{prefix} is not a BERT of Google's TensorFlow 1 code or of the Model Zoo; its first "
        f"variables are{shown}"
    )


def _no_checkpoint(path: str) -> UserError:
    folder, name = os.path.split(path)
    if os.path.isfile(path) and fnmatch.fnmatch(name, _PICKLES):
        return UserError(_how_to_convert(folder or os.curdir, [name]))
    if os.path.isfile(path):
        return UserError(f"{path} is no file of a checkpoint that is read here. {_EXPECTED}")
    if not os.path.isdir(path):
        fault = "no such folder, and no file of that name plus .index"
        return UserError(f"{path}: {fault}. {_EXPECTED}")
    files = sorted(os.listdir(path))
    pickles = [name for name in files if fnmatch.fnmatch(name, _PICKLES)]
    if pickles:
        return UserError(_how_to_convert(path, pickles))
    return UserError(
        f"{path} has no checkpoint; its files are: {', '.join(files) or 'none'}. {_EXPECTED}"
    )


def _how_to_convert(path: str, pickles: List[str]) -> str:
    target = os.path.join(path, huggingface.WEIGHTS_FILE)
    return (
        f"{path} has its weights only as {', '.join(pickles)}: a pickle, which can run any code "
        "when it is read, so it is never read here. Get a copy of the checkpoint with "
        f"{huggingface.WEIGHTS_FILE}; or, where PyTorch and safetensors are installed, write it:\n"
        '  python -c "import glob, torch, safetensors.torch; safetensors.torch.save_file('
        "{name: tensor.clone().contiguous() "
        f"for file in glob.glob('{os.path.join(path, _PICKLES)}') for name, tensor in "
        "torch.load(file, map_location='cpu', weights_only=True).items()}, "
        f"'{target}')\""
    )
