"""Writes report.json and report.html into a model folder.

python -m inference.report --model_dir runs/tickets-base
python -m inference.report --model_dir runs/tickets-base --predictions answers.jsonl
"""

import argparse
import os
import sys

from inference.report import content, page, seeds
from shared.arguments import Parser
from shared.errors import UserError, exit_code
from shared.remote import mirror


def main(arguments: list) -> None:
    asked = _parser().parse_args(arguments)
    if asked.predictions and asked.split:
        raise UserError("give one of --split and PREDICTIONS (--predictions)")
    with mirror.at(asked.model_dir) as asked.model_dir:
        folders = seeds.folders(asked.model_dir)
        if folders:
            _compare(asked, folders)
        else:
            _of_model(asked, asked.model_dir)


def _of_model(asked, folder: str) -> dict:
    found = content.of_model(folder, asked.data_dir, asked.split, asked.predictions)
    page.write(folder, found)
    return found


def _compare(asked, folders: dict) -> None:
    """A report of each seed, and one that compares them."""
    if asked.predictions:
        raise UserError(
            f"{asked.model_dir} holds several seeds, but a prediction file is of one model: give "
            f"its folder, such as MODEL_DIR={next(iter(folders.values()))}"
        )
    untrained = [seed for seed, folder in folders.items() if not seeds.is_trained(folder)]
    if len(untrained) == len(folders):
        raise UserError(f"{asked.model_dir}: no seed has a trained model; train them first")
    for seed in untrained:
        print(f"seed {seed} has no trained model: left out")
    trained = {seed: folder for seed, folder in folders.items() if seed not in untrained}
    reports = {seed: _of_model(asked, folder) for seed, folder in trained.items()}
    pages = {
        seed: os.path.relpath(os.path.join(folder, page.PAGE_FILE), asked.model_dir)
        for seed, folder in trained.items()
    }
    page.write_seeds(asked.model_dir, seeds.compare(reports, pages, untrained))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m inference.report", description="Writes a report on a trained model."
    )
    add, path = parser.add_argument, {"type": os.path.expanduser}
    add(
        "--model_dir",
        required=True,
        **path,
        help="the folder of a training, its best/, or the folder of several seeds",
    )
    add("--data_dir", **path, help="the dataset (the one that the model was trained on)")
    add("--split", help="the split to report on (every labelled one but train)")
    add(
        "--predictions",
        **path,
        help="report on this .jsonl or .csv file of `make predict` or `make classify` instead",
    )
    return parser


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
