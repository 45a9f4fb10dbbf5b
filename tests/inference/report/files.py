"""Prediction files as `make predict` and `make classify` write them."""

import csv
import json

import numpy as np

from inference.report.predictions import Predictions


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def normalized(probabilities):
    """float64, and adds up to 1 to the last digit, as scikit-learn wants it."""
    wide = probabilities.astype(float)
    return wide / wide.sum(axis=1, keepdims=True)


def drawn(rows, classes, seed=0, sharpness=1.0):
    """(given int [rows], probabilities float64 [rows, classes]); some classes are rare."""
    draw = np.random.default_rng(seed)
    shares = np.arange(1, classes + 1) / np.arange(1, classes + 1).sum()
    given = draw.choice(classes, rows, p=shares)
    logits = draw.normal(size=(rows, classes)) + 1.5 * np.eye(classes)[given]
    return given, softmax(sharpness * logits)


def class_lines(given, probabilities, names, **more):
    """One line a row; more: {key: values}."""
    for row, (label, shares) in enumerate(zip(given, probabilities, strict=True)):
        yield {
            "index": row,
            "given_label": names[label],
            "label": names[int(np.argmax(shares))],
            "probabilities": dict(zip(names, map(float, shares), strict=True)),
            **{key: values[row] for key, values in more.items()},
        }


def write_json_lines(path, lines):
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    return path


def write_csv(path, lines):
    """As inference/output.py does."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        for number, line in enumerate(lines):
            shares = {f"probability of {name}": p for name, p in line["probabilities"].items()}
            row = {**{k: v for k, v in line.items() if k != "probabilities"}, **shares}
            if number == 0:
                writer.writerow(row)
            writer.writerow(row.values())
    return path


def of_classes(given, probabilities):
    """As `read` returns it."""
    answers = probabilities.argmax(axis=1)
    names = tuple(map(str, range(probabilities.shape[1])))
    arrays = given.astype("i4"), answers.astype("i4"), probabilities.astype("f4")
    return Predictions("p.jsonl", names, *arrays, 0, {}, [])


def of_scores(given, answers):
    return Predictions("p.jsonl", None, given, answers, None, 0, {}, [])
