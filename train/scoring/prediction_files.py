"""A model's answers on a split, as files: for people and programs, and for the GLUE leaderboard.

predict_test.jsonl  {"index": 0, "label": "positive", "probabilities": {"negative": 0.25, ...}}
                    for a regression task: {"index": 0, "score": 3.2}
                    of a user's own files: {"index": 0, "file": "new.csv", "line": 2, "label": ...}
SST-2.tsv           index <tab> prediction, as the leaderboard expects it

Both hold every example in the order of the input: `index` is the number, from 0, of the row in
GLUE's test file or, if the dataset has no index (shared/source_order.py), of the record. Rows of a
user's files may have been left out: `file` and `line` say where the record's row begins.
"""

import json
import os
from typing import Any, Dict, Iterable, List

import numpy as np

from shared import source_order, tasks
from shared.files import write_whole
from shared.manifest import Manifest
from train import errors
from train.scoring import answers


def write(
    model_dir: str, dataset: str, manifest: Manifest, split: str, scores: np.ndarray
) -> List[str]:
    """Writes predict_<split>.jsonl, and a GLUE test split's leaderboard file.

    Args:
      model_dir: where the files are written.
      dataset: the folder that holds manifest.json.
      manifest: its manifest.
      split: the split that was predicted, all of it.
      scores: float32 [N, C] in the order of the records: logits; C = 1 for a regression task.
    Returns:
      The paths of the files.
    Raises:
      UserError: a score is NaN or infinite, or the dataset's index.npy or rows.npy is missing or
        damaged.
    """
    assert scores.shape == (manifest.splits[split].examples, manifest.num_classes)
    errors.check_finite(scores, split)
    order = source_order.INDEX.read(dataset, split, manifest)
    ordered = scores if order is None else scores[np.argsort(order)]
    found = answers.of_outputs(ordered, manifest.label_names)
    lines = (
        json.dumps({"index": index, **place, **answer}, ensure_ascii=False)
        for index, (place, answer) in enumerate(zip(_places(dataset, split, manifest), found))
    )
    written = [_write_lines(os.path.join(model_dir, f"predict_{split}.jsonl"), lines)]
    submission = tasks.SUBMISSIONS.get((manifest.task, split))
    if submission and order is None:
        _remove(os.path.join(model_dir, submission.file))
        print(
            f"no {submission.file}: {dataset} does not record which row of the test file each "
            "record of this split is"
        )
    elif submission:
        lines = _leaderboard_lines(ordered, submission.form, manifest.label_names)
        written.append(_write_lines(os.path.join(model_dir, submission.file), lines))
    return written


def _places(dataset: str, split: str, manifest: Manifest) -> Iterable[Dict[str, Any]]:
    """The file and the line of each record's row; of GLUE's rows, nothing."""
    rows = source_order.ROWS.read(dataset, split, manifest)
    if rows is None:
        return ({} for _ in range(manifest.splits[split].examples))
    names = source_order.file_names(manifest, split)
    return ({"file": names[file], "line": line} for file, line in map(np.ndarray.tolist, rows))


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
