"""A model's answers on a split, as files: for people and programs, and for the GLUE leaderboard.

predict_test.jsonl  {"index": 0, "label": "positive", "probabilities": {"negative": 0.25, ...}}
                    for a regression task: {"index": 0, "score": 3.2}
predict_test.csv    the same as a table, if asked for
SST-2.tsv           index <tab> prediction, as the leaderboard expects it

All hold every example in the order of the input: `index` is the number, from 0, of the row in
GLUE's test file or, if the dataset has no index (shared/source_order.py), of the record. Beside
the answer stands what is known of the row (row_facts.py):

{"index": 0, "file": "new.csv", "line": 2, "id": "T-17", "given_label": "no", "label": ...}
"""

import os
from typing import Iterable, List

import numpy as np

from shared import tasks
from shared.files import write_whole
from shared.manifest import Manifest
from train import errors
from train.scoring import answer_files, answers
from train.scoring.row_facts import RowFacts


def write(
    model_dir: str,
    manifest: Manifest,
    split: str,
    scores: np.ndarray,
    facts: RowFacts,
    with_csv: bool = False,
) -> List[str]:
    """Writes predict_<split>.jsonl, .csv if asked for, and a GLUE test split's leaderboard file.

    Args:
      model_dir: where the files are written.
      manifest: of the dataset.
      split: the split that was predicted, all of it.
      scores: float32 [N, C] in the order of the records: logits; C = 1 for a regression task.
      facts: what is known of the split's rows.
    Returns:
      The paths of the files.
    Raises:
      UserError: a score is NaN or infinite, or a file cannot be written.
    """
    assert scores.shape == (manifest.splits[split].examples, manifest.num_classes)
    errors.check_finite(scores, split)
    ordered = scores if facts.order is None else scores[facts.order]
    endings = answer_files.FORMATS if with_csv else (answer_files.JSON_LINES,)
    written = [os.path.join(model_dir, f"predict_{split}{ending}") for ending in endings]
    for path in written:
        with answer_files.writing(path) as write_line:
            for line in facts.lines(answers.of_outputs(ordered, manifest.label_names)):
                write_line(line)
    submission = tasks.SUBMISSIONS.get((manifest.task, split))
    if submission and facts.order is None:
        _remove(os.path.join(model_dir, submission.file))
        print(
            f"no {submission.file}: {facts.dataset} does not record which row of the test file "
            "each record of this split is"
        )
    elif submission:
        lines = _leaderboard_lines(ordered, submission.form, manifest.label_names)
        written.append(_write_lines(os.path.join(model_dir, submission.file), lines))
    return written


def _remove(path: str) -> None:
    """Removes an earlier prediction's file, which would seem to belong to this one."""
    if os.path.exists(path):
        os.remove(path)


def _write_lines(path: str, lines: Iterable[str]) -> str:
    write_whole(path, "".join(line + "\n" for line in lines))
    return path


def _leaderboard_lines(scores: np.ndarray, form: str, label_names) -> Iterable[str]:
    yield "index\tprediction"
    if form == tasks.SCORE:
        predictions = [f"{score:.3f}" for score in np.clip(scores[:, 0], *tasks.SCORE_RANGE)]
    else:
        best = scores.argmax(axis=1).tolist()
        predictions = best if form == tasks.LABEL_VALUE else [label_names[n] for n in best]
    for index, prediction in enumerate(predictions):
        yield f"{index}\t{prediction}"
