"""A model's answers on a split, as files: for people and programs, and for the GLUE leaderboard.

predict_test.jsonl  {"index": 0, "label": "positive", "probabilities": {"negative": 0.25, ...}}
                    for a regression task: {"index": 0, "score": 3.2}
                    for multi-label data: {"index": 0, "labels": ["a", "b"], "probabilities": ...}
predict_test.csv    the same as a table, if asked for
SST-2.tsv           index <tab> prediction, as the leaderboard expects it
predict/predictions_test.npz   the outputs themselves, `arr_0`, as in the Model Zoo
predict_test.json   what they were made from (prediction_record.py)

All but the last hold every example in the order of the input: `index` is the number, from 0, of the
row in GLUE's test file or, if the dataset has no index (shared/source_order.py), of the record.
Beside the answer stands what is known of the row (row_facts.py):

{"index": 0, "file": "new.csv", "line": 2, "id": "T-17", "given_label": "no", "label": ...}
"""

import io
import os
from typing import Iterable, List, Optional

import numpy as np

from shared import tasks
from shared.files import write_whole, writing
from shared.manifest import Manifest
from train import errors
from train.scoring import answer_files, answers, prediction_record
from train.scoring.row_facts import RowFacts


def write(
    model_dir: str,
    manifest: Manifest,
    split: str,
    scores: np.ndarray,
    facts: RowFacts,
    step: int,
    with_csv: bool = False,
    thresholds: Optional[np.ndarray] = None,
    pooling: Optional[str] = None,
) -> List[str]:
    """Writes predict_<split>.jsonl, .csv if asked for, the outputs, and a GLUE test split's
    leaderboard file.

    All files of a split are of one prediction: what this one does not write is removed.

    Args:
      model_dir: where the files are written.
      manifest: of the dataset.
      split: the split that was predicted, all of it.
      scores: float32 [N, C] in the order of the records, or of the documents whose windows these
        are: logits; C = 1 for a regression task.
      facts: what is known of the split's rows.
      step: of the checkpoint.
      thresholds: float [C] of multi-label data; else None.
      pooling: how the logits of a document's windows became one; None without windows.
    Returns:
      The paths of the files with answers.
    Raises:
      UserError: a score is NaN or infinite, or a file cannot be written.
    """
    entry = manifest.splits[split]
    assert scores.shape == (entry.rows if entry.is_counted else len(scores), manifest.num_classes)
    errors.check_finite(scores, split)
    ordered = scores if facts.order is None else scores[facts.order]
    prediction_record.write(model_dir, manifest, split, None, thresholds, pooling)
    written = _answer_paths(model_dir, split, with_csv)
    for path in written:
        _write_answers(path, ordered, manifest, facts, thresholds)
    written.append(_write_outputs(model_dir, split, ordered))
    submission = tasks.SUBMISSIONS.get((manifest.task, split))
    if submission:
        path = os.path.join(model_dir, submission.file)
        written += _write_submission(path, submission.form, ordered, manifest, facts)
    prediction_record.write(model_dir, manifest, split, step, thresholds, pooling)
    return written


def _answer_paths(model_dir: str, split: str, with_csv: bool) -> List[str]:
    """Of the files to write; removes a table of an earlier prediction that is not replaced."""
    lines, table = (
        prediction_record.path(model_dir, split, ending) for ending in answer_files.FORMATS
    )
    if with_csv:
        return [lines, table]
    if _remove(table):
        print(f"removed {table}, which an earlier prediction had written")
    return [lines]


def _write_outputs(model_dir: str, split: str, scores: np.ndarray) -> str:
    path = prediction_record.outputs_path(model_dir, split)
    with writing(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
    content = io.BytesIO()
    np.savez(content, scores)
    write_whole(path, content.getvalue())
    return path


def _write_answers(path, scores, manifest, facts, thresholds) -> None:
    with answer_files.writing(path) as write_line:
        for line in facts.lines(answers.of_outputs(scores, manifest.label_names, thresholds)):
            write_line(line)


def _write_submission(path, form, scores, manifest, facts) -> List[str]:
    if facts.order is not None:
        return [_write_lines(path, _leaderboard_lines(scores, form, manifest.label_names))]
    _remove(path)
    print(
        f"no {os.path.basename(path)}: {facts.dataset} does not record which row of the test file "
        "each record of this split is"
    )
    return []


def _remove(path: str) -> bool:
    """Removes an earlier prediction's file, which would seem to belong to this one, if any."""
    is_there = os.path.exists(path)
    if is_there:
        os.remove(path)
    return is_there


def _write_lines(path: str, lines: Iterable[str]) -> str:
    write_whole(path, "".join(line + "\n" for line in lines))
    return path


def _leaderboard_lines(scores: np.ndarray, form: str, label_names) -> Iterable[str]:
    yield tasks.SUBMISSION_HEADER
    if form == tasks.SCORE:
        predictions = [f"{score:.3f}" for score in np.clip(scores[:, 0], *tasks.SCORE_RANGE)]
    else:
        best = scores.argmax(axis=1).tolist()
        predictions = best if form == tasks.LABEL_VALUE else [label_names[n] for n in best]
    for index, prediction in enumerate(predictions):
        yield f"{index}\t{prediction}"
