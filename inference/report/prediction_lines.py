"""The lines of a prediction file: of `make predict`, or of `make classify` as JSON Lines or CSV."""

import json
import os
from typing import Any, Dict, Iterator, Tuple

from preprocess.sources import table_files
from preprocess.sources.table_rows import BadRow
from shared import shown
from shared.errors import UserError
from train.scoring import answer_files

# A line's number, from 1, and its keys; docs/evaluate_and_predict.md lists them.
Line = Tuple[int, Dict[str, Any]]


def read(path: str) -> Iterator[Line]:
    """The lines in order; in those of a CSV file, all values are text and an empty one is absent.

    Raises:
      UserError: the file cannot be read, or a line is not what these commands write.
    """
    if not path.lower().endswith(answer_files.FORMATS):
        raise UserError(
            f"PREDICTIONS is {path} (--predictions): expected a .jsonl or .csv file of `make "
            "predict` or `make classify`"
        )
    if not os.path.isfile(path):
        raise UserError(f"{path} does not exist; write it with `make predict` or `make classify`")
    return _of_csv(path) if path.lower().endswith(answer_files.CSV) else _of_json(path)


def _of_json(path: str) -> Iterator[Line]:
    decode = json.JSONDecoder().decode
    number = 0
    try:
        with open(path, encoding="utf-8") as file:
            for number, text in enumerate(file, start=1):
                line = decode(text)
                if not isinstance(line, dict):
                    raise ValueError(f"found {shown.value(line)}")
                yield number, line
    except UnicodeDecodeError as error:
        raise UserError(f"{path}, after line {number}: not UTF-8 ({error.reason})") from None
    except ValueError as error:
        raise UserError(f"{path} line {number}: expected a JSON object ({error})") from None


def _of_csv(path: str) -> Iterator[Line]:
    columns = table_files.columns(path)
    table_files.check_columns(path, columns)
    if answer_files.LABELS in columns:
        raise UserError(
            f"{path}: of answers with several labels give the .jsonl file; an empty field of a CSV "
            "file does not tell no class from no label"
        )
    labels = {
        name: name[len(answer_files.PROBABILITY_OF) :] for name in columns if _is_probability(name)
    }
    for row in table_files.read(path, columns):
        if isinstance(row, BadRow):
            raise UserError(f"{path} line {row.line}: {row.problem}")
        found = dict(zip(columns, row.values, strict=True))
        line = {name: value for name, value in found.items() if value and name not in labels}
        if labels:
            line["probabilities"] = {label: found[name] for name, label in labels.items()}
        yield row.line, line


def _is_probability(column: str) -> bool:
    return column.startswith(answer_files.PROBABILITY_OF)
