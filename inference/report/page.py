"""Writes a report: report.json, and the page that shows it."""

import json
import os
from typing import Any, Dict

import yaml

from inference.report import figures
from preprocess import dataset_page
from shared.clock import clock
from shared.files import write_whole
from shared.page import render

JSON_FILE, PAGE_FILE = "report.json", "report.html"
_TEMPLATES = "inference/report/"
_HEADLINE = ("accuracy", "f1_macro")  # where a task has none of them, all it has
# Classes up to which the confusion matrix is shown; of more, only the largest confusions are.
_MATRIX = 20


def write(folder: str, found: Dict[str, Any]) -> None:
    """Args: found, what content.of_model returned."""
    charts = {name: figures.of_predictions(of) for name, of in found["predictions"].items()}
    data, seconds = found["data"], found["cost"]["seconds"]
    page = render.page(
        _TEMPLATES + "report.html.j2",
        report=found,
        charts=charts,
        matrices={name: _matrix(of) for name, of in found["predictions"].items()},
        training_charts=figures.of_training(found["training"]),
        length_charts=dataset_page.length_charts(data) if data else {},
        label_counts=dataset_page.label_counts(data) if data else [],
        configuration=yaml.safe_dump(found["configuration"], sort_keys=False),
        duration=clock(seconds) if seconds else None,
    )
    for split, of in found["predictions"].items():
        print(headline(split, of))
    _write(folder, found, page)


def headline(split: str, found: Dict[str, Any]) -> str:
    """One line of a split's scores; args: found, what report.json has below predictions.<split>."""
    scores = found["scores"]
    chosen = [name for name in _HEADLINE if name in scores] or list(scores)
    values = "  ".join(f"{name} {scores[name]['value']:.4f}" for name in chosen)
    return f"{split}: {values}  ({found['examples']:,} examples)"


def write_seeds(folder: str, compared: Dict[str, Any]) -> None:
    """Args: compared, what seeds.compare returned."""
    charts = {split: figures.of_seeds(compared, split) for split in compared["summary"]}
    page = render.page(
        _TEMPLATES + "seeds.html.j2", model_dir=folder, compared=compared, charts=charts
    )
    _write(folder, compared, page)


def _write(folder: str, found: Dict[str, Any], page: str) -> None:
    """The page last: where it is, report.json is, too."""
    text = json.dumps(found, indent=1, ensure_ascii=False)
    write_whole(os.path.join(folder, JSON_FILE), text + "\n")
    write_whole(os.path.join(folder, PAGE_FILE), page)
    print(f"report: {os.path.join(folder, PAGE_FILE)}")


def _matrix(found: Dict[str, Any]) -> "list | None":
    """[{"label", "cells": [(rows, share of the given class)]}]; None for scores, many classes, and
    several a row."""
    labels = found.get("labels", ())
    if "confusion" not in found or len(labels) > _MATRIX:
        return None
    rows = {(cell["given"], cell["answer"]): cell["rows"] for cell in found["confusion"]}
    matrix = []
    for given in labels:
        counts = [rows.get((given, answer), 0) for answer in labels]
        whole = max(sum(counts), 1)
        matrix.append({"label": given, "cells": [(count, count / whole) for count in counts]})
    return matrix
