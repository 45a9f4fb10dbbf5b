"""metrics.jsonl in a model folder: what TensorBoard gets, for every other tracker.

One line for each logged step and each evaluation:

    {"step": 100, "train/loss": 0.41, "train/learning_rate": 4e-05, ...}
    {"step": 100, "eval_validation/accuracy": 0.81, "eval_validation/loss": 0.43}

A value that is NaN or infinite is null. A training that goes back drops the lines of later steps.
"""

import json
import math
import os
from typing import Dict, Optional

from shared.files import no_link, write_whole, writing

FILE = "metrics.jsonl"


def append(model_dir: str, step: int, values: Dict[str, float]) -> None:
    """Adds a line; raises UserError if it cannot be written."""
    path = os.path.join(model_dir, FILE)
    finite = {name: value if math.isfinite(value) else None for name, value in values.items()}
    with writing(path), open(path, "a", encoding="utf-8", opener=no_link) as file:
        file.write(json.dumps({"step": step, **finite}) + "\n")


def forget_after(model_dir: str, step: int) -> None:
    """Drops the lines of later steps, and a line that a kill has cut."""
    path = os.path.join(model_dir, FILE)
    if not os.path.exists(path):
        return
    with open(path, encoding="utf-8") as file:
        lines = list(file)
    steps = map(_step_of, lines)
    kept = [line for line, of_line in zip(lines, steps) if of_line is not None and of_line <= step]
    if kept != lines:
        write_whole(path, "".join(kept))


def _step_of(line: str) -> Optional[int]:
    """None for a line that is not whole."""
    try:
        return json.loads(line)["step"] if line.endswith("\n") else None
    except (ValueError, KeyError, TypeError):
        return None
