"""Reads a prediction file once into arrays, with the texts of the worst mistakes only."""

import abc
import itertools
from collections import Counter
from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Optional, Tuple

import numpy as np

from inference.report import prediction_lines
from inference.report.prediction_lines import Line
from inference.report.worst import Worst
from shared import shown
from shared.errors import UserError
from shared.records import LABEL_SEPARATOR
from shared.suggest import unknown
from train.scoring import multi_label
from train.scoring.answer_files import GIVEN_LABEL, GIVEN_LABELS, GIVEN_SCORE, LABELS

_BLOCK = 8192  # lines that become arrays at once
_OFF = 0.01  # by which a sum of probabilities may differ from 1, as some digits are written


@dataclass(frozen=True)
class Predictions:
    """The N rows of a file that can be judged.

    Attributes:
      path: the file.
      label_names: C of them, in the order of the model's outputs; None for scores.
      given: what is right: int32 [N]; for scores float64 [N]; 0 or 1, int8 [N, C], where a row may
        have several of the labels.
      answers: what the model says, the same.
      probabilities: float32 [N, C]; None for scores.
      not_given: rows that were left out, as the file does not say what is right.
      unknown: {label: rows} that were left out, as the model has no such label.
      mistakes: the most confident ones (of scores, those that are furthest off), worst first:
        {"given", "answer", "probability" or "error", and what the line has of index, file, line,
        id, text, text_b}. Where a row may have several labels, "label" is the one of which the
        model is most wrongly sure, and "probability" is that of this label.
    """

    path: str
    label_names: "Optional[Tuple[str, ...]]"
    given: np.ndarray
    answers: np.ndarray
    probabilities: Optional[np.ndarray]
    not_given: int
    unknown: Dict[str, int]
    mistakes: "List[Dict[str, Any]]"

    @property
    def is_multi_label(self) -> bool:
        return self.given.ndim > 1


def read(path: str) -> Predictions:
    """Reads a file of `make predict` or `make classify`.

    Raises:
      UserError: it cannot be read, a line is faulty, or no line says what is right.
    """
    lines = prediction_lines.read(path)
    first = next(lines, None)
    if first is None:
        raise UserError(f"{path} is empty; expected answers of `make predict` or `make classify`")
    collector = _collector(path, first)
    for line in itertools.chain([first], lines):
        collector.add(line)
    return collector.finished()


def _collector(path: str, first: Line) -> "_Collector":
    number, line = first
    if isinstance(line.get("probabilities"), dict):
        if LABELS in line:
            return _LabelSets(path, tuple(line["probabilities"]))
        return _Classes(path, tuple(line["probabilities"]))
    if "score" in line:
        return _Scores(path)
    keys = shown.listed(map(shown.plain, line))
    raise UserError(
        f"{path} line {number}: expected an answer of `make predict` or `make classify` with "
        f"`probabilities` or `score`; found {keys}"
    )


class _Collector(abc.ABC):
    """What answers that are classes and scores have in common."""

    given_key: str
    label_names: "Optional[Tuple[str, ...]]" = None

    def __init__(self, path: str):
        self._path = path
        self._not_given = 0
        self._unknown: "Counter[str]" = Counter()
        self._rows: "List[tuple]" = []
        self._blocks: "List[tuple]" = []
        self._worst = Worst()

    def add(self, numbered: Line) -> None:
        number, line = numbered
        given = line.get(self.given_key)
        if given is None:
            self._not_given += 1
        elif not self._is_known(given):
            self._unknown[self._unknown_of(given)] += 1
        else:
            self._add(number, line)

    def _add(self, number: int, line: Dict[str, Any]) -> None:
        try:
            row = self._row(line)
        except (KeyError, TypeError, ValueError) as error:
            problem = f"no {error}" if isinstance(error, KeyError) else error
            raise UserError(f"{self._path} line {number}: {problem}") from None
        self._rows.append(row)
        badness, what = self._mistake(*row)
        if badness:
            self._worst.note(badness, number, line, what)
        if len(self._rows) == _BLOCK:
            self._close_block()

    def finished(self) -> Predictions:
        self._close_block()
        if not self._blocks:
            raise self._nothing()
        given, answers, *more = (np.concatenate(parts) for parts in zip(*self._blocks, strict=True))
        return Predictions(
            path=self._path,
            label_names=self.label_names,
            given=given,
            answers=answers,
            probabilities=more[0] if more else None,
            not_given=self._not_given,
            unknown=dict(self._unknown.most_common()),
            mistakes=self._worst.listed(),
        )

    def _nothing(self) -> UserError:
        if self._unknown:
            return UserError(
                f"{self._path}: the model has none of the given labels: "
                + shown.listed(map(shown.plain, self._unknown))
            )
        return UserError(
            f"{self._path} does not say what is right: no line has {self.given_key}. Predict a "
            "split that has labels, or classify a file with its label column"
        )

    def _close_block(self) -> None:
        if self._rows:
            self._blocks.append(self._arrays(zip(*self._rows, strict=True)))
            self._rows = []

    def _is_known(self, given: Any) -> bool:
        return True

    def _unknown_of(self, given: Any) -> str:
        """What of it is unknown."""
        return str(given)

    @abc.abstractmethod
    def _row(self, line: Dict[str, Any]) -> tuple:
        """(what is right, the answer, ...) as numbers; raises KeyError, TypeError, ValueError."""

    @abc.abstractmethod
    def _arrays(self, columns: Iterable) -> tuple:
        """Args: columns, those of rows, one after the other."""

    @abc.abstractmethod
    def _mistake(self, *row) -> "Tuple[float, Dict[str, Any]]":
        """(how bad it is, 0 for a right answer; what is told of it)."""


class _Classes(_Collector):
    given_key = GIVEN_LABEL

    def __init__(self, path: str, label_names: "Tuple[str, ...]"):
        super().__init__(path)
        self.label_names = label_names
        self._index = {name: index for index, name in enumerate(label_names)}

    def _is_known(self, given):
        return isinstance(given, str) and given in self._index

    def _row(self, line):
        label, row = line["label"], self._probabilities(line)
        if not self._is_known(label):
            raise ValueError(unknown("label", label, self.label_names))
        if not (min(row) >= 0 and abs(sum(row) - 1) < _OFF):  # with NaN, nothing holds
            raise ValueError(f"expected probabilities that add up to 1, found {row}")
        return self._index[line[GIVEN_LABEL]], self._index[label], row

    def _probabilities(self, line) -> "List[float]":
        found = line["probabilities"]
        if len(found) != len(self._index):
            raise ValueError(f"{len(found)} probabilities, the lines above have {len(self._index)}")
        return [float(found[name]) for name in self.label_names]

    def _arrays(self, columns):
        given, answers, probabilities = columns
        return np.array(given, "i4"), np.array(answers, "i4"), np.array(probabilities, "f4")

    def _mistake(self, given, answer, probabilities):
        if given == answer:
            return 0.0, {}
        names, probability = self.label_names, probabilities[answer]
        return probability, {
            "given": names[given],
            "answer": names[answer],
            "probability": probability,
        }


class _LabelSets(_Classes):
    given_key = GIVEN_LABELS

    def _is_known(self, given):
        return isinstance(given, list) and all(name in self._index for name in given)

    def _unknown_of(self, given):
        names = given if isinstance(given, list) else [given]
        return LABEL_SEPARATOR.join(str(name) for name in names if name not in self._index)

    def _row(self, line):
        labels, row = line[LABELS], self._probabilities(line)
        if not self._is_known(labels):
            raise ValueError(f"expected labels among {', '.join(self.label_names)}, found {labels}")
        if not all(0 <= probability <= 1 for probability in row):
            raise ValueError(f"expected probabilities from 0 to 1, found {row}")
        return self._has(line[GIVEN_LABELS]), self._has(labels), row

    def _has(self, names):
        return [int(name in names) for name in self.label_names]

    def _arrays(self, columns):
        given, answers, probabilities = columns
        return np.array(given, "i1"), np.array(answers, "i1"), np.array(probabilities, "f4")

    def _mistake(self, given, answer, probabilities):
        columns = zip(self.label_names, given, answer, probabilities, strict=True)
        wrong = [
            (p if does else 1 - p, name, p) for name, is_so, does, p in columns if is_so != does
        ]
        if not wrong:
            return 0.0, {}
        _, label, probability = worst = max(wrong)
        return worst[0], {
            "given": multi_label.named(given, self.label_names),
            "answer": multi_label.named(answer, self.label_names),
            "label": label,
            "probability": probability,
        }


class _Scores(_Collector):
    given_key = GIVEN_SCORE

    def _row(self, line):
        row = float(line[GIVEN_SCORE]), float(line["score"])
        if not np.isfinite(row).all():
            raise ValueError(f"expected finite scores, found {row[0]} and {row[1]}")
        return row

    def _arrays(self, columns):
        return tuple(np.array(column, "f8") for column in columns)

    def _mistake(self, given, answer):
        error = answer - given
        return abs(error), {"given": given, "answer": answer, "error": error}
