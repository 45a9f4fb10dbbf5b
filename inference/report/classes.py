"""Figures of answers that are classes, all of them from the confusion matrix."""

from typing import Any, Dict, List, NamedTuple, Sequence

import numpy as np

# Largest confusions that are listed.
_CONFUSIONS = 20


class Cells(NamedTuple):
    """The K cells of a confusion matrix that have rows; of many classes, most are empty.

    Attributes:
      given, answers: int [K], what is right and what the model says.
      rows: int [K], how many.
      classes: C, how many classes there are.
    """

    given: np.ndarray
    answers: np.ndarray
    rows: np.ndarray
    classes: int


def cells(given: np.ndarray, answers: np.ndarray, classes: int) -> Cells:
    """Counts N rows; args: given, answers, int [N].

    >>> cells(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), 2)[:3]
    (array([0, 0, 1]), array([0, 1, 1]), array([1, 1, 2]))
    """
    found, rows = np.unique(given.astype(np.int64) * classes + answers, return_counts=True)
    return Cells(found // classes, found % classes, rows, classes)


class Counts(NamedTuple):
    """Of each class, float64 [C]: rows that are it (support), are answered so, and both (hits)."""

    support: np.ndarray
    answered: np.ndarray
    hits: np.ndarray


def counts(found: Cells) -> Counts:
    def of_class(of_cell, is_counted):
        return np.bincount(of_cell[is_counted], found.rows[is_counted], found.classes)

    every, right = np.ones(len(found.rows), bool), found.given == found.answers
    return Counts(
        of_class(found.given, every), of_class(found.answers, every), of_class(found.given, right)
    )


def scores(found: Cells) -> Dict[str, float]:
    """{metric: value}, named and defined as those of `make eval` (train/scoring/metrics.py).

    They are computed from counts here, so that a bootstrap need not visit the rows.
    """
    of_class = counts(found)
    found_f1 = f1(of_class)
    is_there = (of_class.support + of_class.answered) > 0
    return {
        "accuracy": float(of_class.hits.sum() / found.rows.sum()),
        **({"f1": float(found_f1[1])} if found.classes == 2 else {}),
        "f1_macro": float(found_f1[is_there].mean()),
        "matthews_correlation": _matthews(of_class),
    }


def f1(of_class: Counts) -> np.ndarray:
    return _ratio(2 * of_class.hits, of_class.support + of_class.answered)


def _matthews(of_class: Counts) -> float:
    """Gorodkin's R_K (https://doi.org/10.1016/j.compbiolchem.2004.09.006) from sums of the matrix;
    0 if one side is constant."""
    rows = of_class.support.sum()
    support, answered, hits = (values / rows for values in of_class)
    spread = (1 - support @ support) * (1 - answered @ answered)
    return float((hits.sum() - support @ answered) / np.sqrt(spread)) if spread > 1e-15 else 0.0


def table(found: Cells, label_names: Sequence[str]) -> List[Dict[str, Any]]:
    """Of each class {"label", "precision", "recall", "f1", "support", "answered"}.

    A class that is never answered has precision 0, one without rows recall 0.
    """
    return rows_of(counts(found), label_names)


def rows_of(of_class: Counts, label_names: Sequence[str]) -> List[Dict[str, Any]]:
    """The rows of `table`."""
    every = {
        **columns(of_class),
        "support": of_class.support.astype(int),
        "answered": of_class.answered.astype(int),
    }
    return [
        {"label": label, **{name: values[index].item() for name, values in every.items()}}
        for index, label in enumerate(label_names)
    ]


def columns(of_class: Counts) -> Dict[str, np.ndarray]:
    """{"precision", "recall", "f1"}, float64 [C] each."""
    return {
        "precision": _ratio(of_class.hits, of_class.answered),
        "recall": _ratio(of_class.hits, of_class.support),
        "f1": f1(of_class),
    }


def means(rows: List[Dict[str, Any]]) -> Dict[str, Dict[str, float]]:
    """Macro and weighted means of precision, recall and F1.

    Args: rows, a `table`. A class that is neither right nor answered anywhere does not count;
    the weight of a class is its support.
    """
    there = [row for row in rows if row["support"] or row["answered"]]
    support = [row["support"] for row in there]
    found: "Dict[str, Dict[str, float]]" = {"macro": {}, "weighted": {}}
    for name in ("precision", "recall", "f1"):
        values = [row[name] for row in there]
        found["macro"][name] = float(np.mean(values))
        found["weighted"][name] = float(np.average(values, weights=support))
    return found


def confusion(found: Cells, label_names: Sequence[str]) -> List[Dict[str, Any]]:
    """The cells that have rows, [{"given", "answer", "rows"}]."""
    return [
        {"given": label_names[given], "answer": label_names[answer], "rows": rows}
        for given, answer, rows in zip(*map(np.ndarray.tolist, found[:3]), strict=True)
    ]


def confusions(matrix: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """The largest cells of a `confusion` that are mistakes, the largest first."""
    wrong = [cell for cell in matrix if cell["given"] != cell["answer"]]
    return sorted(wrong, key=lambda cell: -cell["rows"])[:_CONFUSIONS]


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """0 where nothing is below."""
    return np.divide(above, below, out=np.zeros(len(above)), where=below > 0)
