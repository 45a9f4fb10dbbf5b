"""metrics.jsonl in a model folder: what TensorBoard gets, for every other tracker.

One line for each logged step and each evaluation:

    {"step": 100, "train/loss": 0.41, "train/learning_rate": 4e-05, ...}
    {"step": 100, "eval_validation/accuracy": 0.81, "eval_validation/loss": 0.43}

A value that is NaN or infinite is null. A training that goes back drops the lines of later steps.
"""

import json
import math
import os
from typing import Any, BinaryIO, Dict, List, Optional, Tuple

from shared.files import no_link, write_whole, writing

FILE = "metrics.jsonl"


def append(model_dir: str, step: int, values: Dict[str, float]) -> None:
    """Adds a line; raises UserError if it cannot be written."""
    path = os.path.join(model_dir, FILE)
    finite = {name: value if math.isfinite(value) else None for name, value in values.items()}
    with writing(path), open(path, "a+b", opener=no_link) as file:
        begin = b"" if _ends_whole(file) else b"\n"
        file.write(begin + json.dumps({"step": step, **finite}).encode() + b"\n")


def read(model_dir: str) -> "List[Tuple[int, Dict[str, Optional[float]]]]":
    """(step, values) of each line; empty if there is no such file.

    A line that a kill or a full disk has cut is left out.
    """
    found = map(_parsed, _lines(model_dir))
    return [(values.pop("step"), values) for values in found if values is not None]


def forget_after(model_dir: str, step: int) -> None:
    """Drops the lines of later steps, and a line that a kill has cut."""
    lines = _lines(model_dir)
    parsed = map(_parsed, lines)
    kept = [line for line, values in zip(lines, parsed) if values and values["step"] <= step]
    if kept != lines:
        write_whole(os.path.join(model_dir, FILE), "".join(kept))


def _lines(model_dir: str) -> List[str]:
    path = os.path.join(model_dir, FILE)
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return list(file)


def _parsed(line: str) -> Optional[Dict[str, Any]]:
    """None for a line that is not whole."""
    try:
        values = json.loads(line) if line.endswith("\n") else None
    except ValueError:
        return None
    return values if isinstance(values, dict) and "step" in values else None


def _ends_whole(file: BinaryIO) -> bool:
    """Whether a file open at its end is empty or ends with a line's end."""
    if file.tell() == 0:
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"
