"""The description of a user's files: from the command line, or from a small YAML file.

    data: {train: train.csv, validation: dev.tsv, test: new.jsonl}
    text: [title, body]
    label: category
    id: ticket_no
    labels: classes
    bad_rows: drop
    encoding: cp1252
    delimiter: ";"
    lower_case: true
    validation: 0.1
    test: 0.1
    group: customer_id
    split_seed: 7
    weight: confidence
    deduplicate: train
    windows: 64

Paths in it are relative to its folder; a split may have a list of them, or a pattern (*.csv).
"""

import datetime
import os
import re
from dataclasses import dataclass
from typing import Optional, Tuple

from preprocess.sources import file_form, shares, table_files, user_labels, user_paths
from preprocess.sources.file_form import FileForm
from preprocess.sources.shares import Shares
from preprocess.sources.text_columns import columns_of
from shared import shown, tasks
from shared.errors import UserError
from shared.mapping_files import read_yaml
from shared.remote.urls import is_remote
from shared.suggest import unknown

DROP = "drop"
OPTIONS = {
    "text": "TEXT",
    "label": "LABEL",
    "id": "ID",
    "labels": "--labels",
    "bad_rows": "BAD_ROWS",
    "encoding": "--encoding",
    "delimiter": "--delimiter",
    **shares.OPTIONS,
    "group": "--group",
    "split_seed": "--split_seed",
    "weight": "--weight",
    "deduplicate": "--deduplicate",
    "windows": "--windows",
}
_KEYS = ("data", *OPTIONS, "lower_case")
_COMMAND_LINE = "DATA"  # what messages call it; a YAML file, by its name
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_SPLIT = r"(?!all$)[a-z][a-z0-9_]*"  # eval_all.json has the scores of all checkpoints


@dataclass(frozen=True)
class UserSpec:
    """A user's own task.

    Attributes:
      task: its name.
      files: ((split, (path, ...)), ...), including train.
      text: one column, or two for pairs; with a + in it, columns to join (text_columns.py).
      label: the column of the labels.
      labels: what they are, if stated: one of user_labels.KINDS; or None.
      drops_bad_rows: whether rows that cannot be read are skipped and counted.
      form: how the files are written.
      lower_case: whether texts are lower-cased; None leaves it to the vocabulary.
      id: the column of the user's ids, if there is one.
      shares: of the training file's rows that become other splits, if there are some.
      weight: the column that says how much a training row counts, if there is one.
      deduplicates: whether training rows that come again, or in another split, are dropped.
      windows: how many tokens two windows of a long text share; None to cut it off.
    """

    task: str
    files: Tuple[Tuple[str, Tuple[str, ...]], ...]
    text: Tuple[str, ...]
    label: str
    labels: Optional[str]
    drops_bad_rows: bool
    form: FileForm
    lower_case: Optional[bool] = None
    id: Optional[str] = None
    shares: Optional[Shares] = None
    weight: Optional[str] = None
    deduplicates: bool = False
    windows: Optional[int] = None


def parse(task: str, data: str, given: "dict[str, Optional[str]]") -> UserSpec:
    """The checked specification.

    Args:
      data: `train=a.csv,...`, or the name of a YAML file.
      given: {key of the YAML file but data: the command line's text, or None}.
    """
    if task in tasks.TASKS:
        raise UserError(
            f"DATA is for a task of your own, but {task} is one of GLUE's; choose another TASK name"
        )
    if not re.fullmatch(_NAME, task):
        raise UserError(f"TASK is {task!r}: it names a folder; use letters, digits, - _ and .")
    if "=" not in data and data.endswith((".yaml", ".yml")):
        data = os.path.expanduser(data)
        if twice := [key for key, value in given.items() if value is not None]:
            names, keys = " and ".join(map(OPTIONS.get, twice)), " and ".join(twice)
            raise UserError(f"{names}: give {keys} in {data}, not on the command line")
        return _checked(task, _from_yaml(data), data)
    text = given["text"]
    texts = None if text is None else [name.strip() for name in text.split(",")]
    return _checked(task, {**given, "data": _pairs(data), "text": texts}, _COMMAND_LINE)


def _pairs(data: str) -> "list[tuple[str, str]]":
    pairs = [item.partition("=") for item in data.split(",")]
    for pair in pairs:
        if not all(pair):
            raise UserError(
                f"DATA={data}: {''.join(pair)!r} is no <split>=<file>; expected train=<file>,"
                "validation=<file>,... or a YAML file. A path with a comma in it needs the YAML "
                'file: data: {train: "a,b.csv"}'
            )
    return [(split.strip(), os.path.expanduser(path.strip())) for split, _, path in pairs]


def _from_yaml(path: str) -> dict:
    expected = "a mapping with data: {train: <file>, ...}"
    content = read_yaml(path, "See docs/own_files.md.", expected)
    if not isinstance(content.get("data"), dict):
        raise UserError(f"{path}: expected {expected}, found {content.get('data')!r} for data")
    for key in content:
        if key not in _KEYS:
            raise UserError(f"{path}: " + unknown("key", key, _KEYS))
    folder = os.path.dirname(path)
    files = [
        (str(split), [_in(folder, file, split, path) for file in _listed(given)])
        for split, given in content["data"].items()
    ]
    text = content.get("text")
    return {**content, "data": files, "text": [text] if isinstance(text, str) else text}


def _listed(given) -> list:
    return given if isinstance(given, list) and given else [given]


def _in(folder: str, file, split, where: str) -> str:
    if not isinstance(file, str):
        raise UserError(
            f"{where}: the file of {split} is {shown.value(file)}; expected a path, or a list of "
            "paths"
        )
    return file if is_remote(file) else os.path.join(folder, os.path.expanduser(file))


def _checked(task: str, content: dict, where: str) -> UserSpec:
    read = _check_columns(content, where)
    _check_choices(content, where)
    _check_splits([split for split, _ in content["data"]], where)
    files = tuple(
        (split, user_paths.found(split, given, where)) for split, given in content["data"]
    )
    form = file_form.checked(content.get("encoding"), content.get("delimiter"), where)
    table_files.check_form(form, [path for _, paths in files for path in paths], where)
    return UserSpec(
        task=task,
        files=files,
        text=tuple(content["text"]),
        label=content["label"],
        labels=content.get("labels"),
        drops_bad_rows=content.get("bad_rows") == DROP,
        form=form,
        lower_case=content.get("lower_case"),
        id=content.get("id"),
        shares=shares.checked(content, [split for split, _ in files], read, where),
        weight=_weight(content.get("weight"), {*read, content.get("group")}, where),
        deduplicates=content.get("deduplicate") is not None,
        windows=_windows(content.get("windows"), content["text"], where),
    )


def _check_columns(content: dict, where: str) -> "set[str]":
    """Checks text, label and id; returns all columns that they name."""
    text, label, id_column = (content.get(key) for key in ("text", "label", "id"))
    for name in (*(text if isinstance(text, list) else [text]), label, id_column):
        _check_is_text(name, where)
    for key in ("text", "label"):
        _check_is_given(key, content, where)
    is_texts = isinstance(text, list) and all(isinstance(name, str) and name for name in text)
    if not is_texts or not 1 <= len(text) <= 2 or len(set(text)) < len(text):
        raise UserError(
            f"{where}: TEXT is {_in_words(text)}; expected one column, or two different ones; "
            "subject+body joins columns into one text"
        )
    read = {*text, *(column for name in text for column in columns_of(name))}
    if not isinstance(label, str) or not label or label in read:
        raise UserError(f"{where}: LABEL is {label!r}; expected a column that is not in TEXT")
    if id_column is not None and (
        not isinstance(id_column, str) or id_column in ("", *read, label)
    ):
        raise UserError(
            f"{where}: ID is {id_column!r}; expected a column that is neither in TEXT nor LABEL"
        )
    return {*read, label, *([id_column] if id_column else [])}


def _check_choices(content: dict, where: str) -> None:
    kind = content.get("labels")
    if kind is not None and kind not in user_labels.KINDS:
        *others, last = user_labels.KINDS
        expected = f"{', '.join(others)} or {last}"
        raise UserError(f"{where}: labels (--labels) is {shown.value(kind)}, expected {expected}")
    if content.get("bad_rows") not in (None, DROP):
        raise UserError(f"{where}: BAD_ROWS is {content['bad_rows']!r}, expected {DROP} or nothing")
    if content.get("deduplicate") not in (None, tasks.TRAIN_SPLIT):
        raise UserError(
            f"{where}: deduplicate (--deduplicate) is {shown.value(content['deduplicate'])}, "
            f"expected {tasks.TRAIN_SPLIT} or nothing"
        )
    lower_case = content.get("lower_case")
    if not isinstance(lower_case, (bool, type(None))):
        raise UserError(f"{where}: lower_case is {lower_case!r}, expected true or false")


def _weight(given, read: set, where: str) -> Optional[str]:
    """Args: read, the columns that hold something else."""
    if given is not None and (not isinstance(given, str) or given in ("", *read)):
        raise UserError(
            f"{where}: weight (--weight) is {shown.value(given)}; expected a column that is not in "
            "TEXT, LABEL, ID or group (in YAML numbers, dates, yes and no stand in quotes)"
        )
    return given


def _windows(given, text: "list[str]", where: str) -> Optional[int]:
    if given is None:
        return None
    if len(text) > 1:
        raise UserError(
            f"{where}: windows (--windows) are of one text, but TEXT has two ({', '.join(text)}); "
            "leave windows out: pairs are cut off"
        )
    if isinstance(given, bool) or not str(given).isdecimal() or int(given) < 1:
        raise UserError(
            f"{where}: windows (--windows) is {shown.value(given)}; expected a whole number from 1 "
            "on, the tokens that two windows of a text share"
        )
    return int(given)


def _check_is_given(key: str, content: dict, where: str) -> None:
    if content.get(key) is None:
        column = f"{OPTIONS[key]}=<column>" if where == _COMMAND_LINE else f"{key}: <column>"
        raise UserError(f"{where} has no {OPTIONS[key]}; give {column}")


def _in_words(text) -> str:
    is_list = isinstance(text, list) and text
    return ", ".join(map(shown.value, text)) if is_list else shown.value(text)


def _check_is_text(name, where: str) -> None:
    if isinstance(name, (bool, int, float, datetime.date)):
        raise UserError(
            f"{where}: a column is {name}, not a text: YAML reads yes, no, on, off, numbers and "
            'dates as such unless they are in quotes, like "no"'
        )


def _check_splits(splits: "list[str]", where: str) -> None:
    for split in splits:
        if splits.count(split) > 1:
            raise UserError(
                f"{where}: split {split!r} is given twice; give its files as a pattern, such as "
                f"{split}=parts/*.csv, or as a list in a YAML file: "
                f"data: {{{split}: [a.csv, b.csv]}}"
            )
        if not re.fullmatch(_SPLIT, split):
            raise UserError(
                f"{where}: split {split!r}; expected a name of lower-case letters, digits and _ "
                "that begins with a letter and is not all"
            )
    if tasks.TRAIN_SPLIT not in splits:
        found = ", ".join(splits) or "no file"
        raise UserError(f"{where} has {found}; train=<file> is required, for it defines the labels")
