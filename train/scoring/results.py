"""The result of an evaluation: the same form on every backend."""

import glob
import json
import os
from typing import Any, Dict, List, Optional

from shared.files import write_whole
from shared.manifest import Manifest
from shared.mapping_files import read_json

_MODELZOO = "modelzoo"
_ABOUT = ("step", "examples", "constant", _MODELZOO)  # keys that are not metrics
_ALL = "all"  # instead of a split: of every checkpoint


def result(
    step: int,
    examples: int,
    values: Dict[str, float],
    constant,
    modelzoo: Optional[Dict[str, float]] = None,
) -> Dict[str, Any]:
    """The content of eval_<split>.json.

    Args:
      values: {metric: value}, including the mean loss.
      constant: the answer that every example gets; None if answers differ or it is not known.
      modelzoo: what in_modelzoo_names returns; None where the Model Zoo has no such task.
    """
    found = {"step": step, "examples": examples, **values, "constant": constant}
    return {**found, _MODELZOO: modelzoo} if modelzoo else found


def in_modelzoo_names(split: str, accuracy: float) -> Dict[str, float]:
    """A split's accuracy under the names of the Model Zoo's evaluation.

    >>> in_modelzoo_names("validation_matched", 0.75)
    {'eval/accuracy_cls': 0.75, 'eval/accuracy_matched': 0.75}
    """
    found = {"eval/accuracy_cls": accuracy}
    for kind in ("matched", "mismatched"):  # MNLI's
        if split.endswith(f"_{kind}"):
            found[f"eval/accuracy_{kind}"] = accuracy
    return found


def metrics_of(result: Dict[str, Any]) -> Dict[str, float]:
    """{metric: value} of a result."""
    return {name: value for name, value in result.items() if name not in _ABOUT}


def write(model_dir: str, split: str, result: Dict[str, Any]) -> None:
    """Writes <model_dir>/eval_<split>.json."""
    write_whole(_path(model_dir, split), json.dumps(result, indent=2) + "\n")


def read(model_dir: str) -> Dict[str, Dict[str, Any]]:
    """{split: what was written of it}.

    Raises:
      UserError: a file is damaged.
    """
    paths = sorted(glob.glob(_path(glob.escape(model_dir), "*")))
    splits = [os.path.basename(path)[len("eval_") : -len(".json")] for path in paths]
    return {
        split: read_json(path, "Evaluate it again with `make eval`, or remove the file.")
        for split, path in zip(splits, paths)
        if split != _ALL
    }


def write_all(model_dir: str, scored: List[Dict[str, Any]]) -> None:
    """Writes <model_dir>/eval_all.json; args: scored, {split: result} of each checkpoint."""
    write_whole(_path(model_dir, _ALL), json.dumps(scored, indent=2) + "\n")


def _path(model_dir: str, split: str) -> str:
    return os.path.join(model_dir, f"eval_{split}.json")


def line(manifest: Manifest, split: str, result: Dict[str, Any]) -> str:
    """For the log: `eval validation: step 400  accuracy 0.9980  loss 0.0191  (500 examples)`."""
    shown = "  ".join(f"{name} {value:.4f}" for name, value in metrics_of(result).items())
    examples, of = result["examples"], manifest.splits[split]
    is_all = examples == of.rows or not of.is_counted
    count = f"{examples:,}" if is_all else f"{examples:,} of {of.rows:,}"
    return f"eval {split}: step {result['step']}  {shown}  ({count} {manifest.row_noun})"
