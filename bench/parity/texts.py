"""The texts to tokenize: those of official GLUE files, and golden cases."""

import csv
import json
import os
from dataclasses import dataclass

from shared import tasks
from shared.errors import UserError

_FILES = ("train.tsv", "dev.tsv", "test.tsv")


@dataclass(frozen=True)
class Case:
    """One or two texts, and the input_ids that a record of them must have."""

    texts: "tuple[str, ...]"
    input_ids: "list[int]"


def of_glue(glue_dir: str, folder: str, task: str) -> "list[str]":
    """All texts of all splits of a task: both of a pair, repeated ones as often as they occur."""
    columns = tasks.get(task).text_columns
    texts = []
    for name in _FILES:
        with _opened(os.path.join(glue_dir, folder, name), "--glue_dir") as file:
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                texts.extend(row[column] for column in columns)
    return texts


def golden_cases(path: str) -> "list[Case]":
    """The cases of a JSON lines file with text_a, text_b (or null) and input_ids."""
    with _opened(path, "--golden") as file:
        return [_case(json.loads(line)) for line in file]


def _case(entry: dict) -> Case:
    both = (entry["text_a"], entry["text_b"])
    return Case(tuple(text for text in both if text is not None), entry["input_ids"])


def _opened(path: str, option: str):
    try:
        return open(path, encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}; see {option}") from None
