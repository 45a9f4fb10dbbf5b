"""Writes a trained model for other programs, and checks what was written.

python -m inference.export --model_dir runs/tickets --to tickets.saved_model
python -m inference.export --model_dir runs/tickets --to tickets.hf --format huggingface
"""

import argparse
import dataclasses
import importlib
import os
import sys
from importlib.util import find_spec

import inference
from inference import model_folder
from inference.export import examples
from inference.model_folder import ModelFolder
from shared.arguments import Parser
from shared.errors import UserError, exit_code
from shared.files import remove_leftovers, whole_folder
from shared.remote import mirror
from train.planning.plan import CPU

# {format: the module here that writes it and reads it back}
FORMATS = {"saved_model": "saved_model", "huggingface": "hugging_face", "onnx": "onnx_file"}
# What only one of them needs: the extra of the same name.
_PACKAGES = {"onnx": ("onnx", "onnxruntime")}
# Those that cut long texts into windows themselves, where the model was trained on such.
_WITH_WINDOWS = ("saved_model",)


def main(arguments: list) -> None:
    asked = _parser().parse_args(arguments)
    _check_installed(asked.format)
    if not asked.to:
        raise UserError("give the folder to write: TO=<new folder> (--to)")
    remove_leftovers(asked.to)
    with whole_folder(asked.to) as target, mirror.at(asked.model_dir, writes=False) as place:
        folder = model_folder.read(place, asked.vocab_file)
        if folder.windows is not None and asked.format not in _WITH_WINDOWS:
            folder = _without_windows(folder)
        given = asked.input and examples.of_file(asked.input, folder)
        model = inference.of_folder(folder, CPU)  # in float32, whatever it was trained in
        from inference.export import check

        form = importlib.import_module(f"inference.export.{FORMATS[asked.format]}")
        chosen = given or examples.of_dataset(folder)
        form.write(target, model)
        reread = form.read(target, model)
        difference = check.compare(model, reread, chosen.rows, form.TOLERANCE)
    print(f"{asked.to}: {form.FORM} of {model.checkpoint}")
    print(
        f"checked with {form.READER} on {len(chosen.rows):,} examples ({chosen.origin}): "
        f"equal ids, logits within {difference:.1g} of the trainer's"
    )


def _without_windows(folder: ModelFolder) -> ModelFolder:
    """Of a model of windows, the model of one window."""
    print(
        f"{folder.path} answers long texts by windows that share {folder.windows} tokens; this "
        f"export reads {folder.max_sequence_length} tokens and cuts the rest off"
    )
    return dataclasses.replace(folder, windows=None)


def _check_installed(form: str) -> None:
    missing = [name for name in _PACKAGES.get(form, ()) if find_spec(name) is None]
    if missing:
        raise UserError(
            f"FORMAT={form} needs {', '.join(missing)}; install with: make setup EXTRAS={form}"
        )


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m inference.export", description="Writes a trained model for other programs."
    )
    add, path = parser.add_argument, {"type": os.path.expanduser}
    add("--model_dir", required=True, **path, help="the folder of a training, or its best/")
    add("--to", **path, help="a new or empty folder")
    add("--format", choices=FORMATS, default="saved_model", help="(%(default)s)")
    add(
        "--input",
        **path,
        help="texts to check it on: a file as of inference.classify (the validation split of the "
        "training's dataset)",
    )
    add("--vocab_file", **path, help="the vocabulary, for a model folder that does not hold it")
    return parser


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
