"""What a run was called with, kept in its model_dir for tests to look at."""

import json
import os

_FILE = "standin_calls.json"


def read(model_dir) -> list:
    """The compiles, and the trainings and predictions on CS, in their order, each a dict.

    call: "compile", "train" or "predict". mode; validate_only, for a compile. cs_ip, ir_mode,
    cs_config {field: value}, those that are set. features {name: [shape, dtype]}, labels [shape,
    dtype] or None. ops: the sorted types of the operations that model_fn made, function bodies
    included. recompiled: False where model_dir (compile_dir) held a compile of the same graph.
    """
    path = os.path.join(str(model_dir), _FILE)
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def add(model_dir, call: dict) -> None:
    calls = [*read(model_dir), call]
    os.makedirs(model_dir, exist_ok=True)
    path = os.path.join(model_dir, _FILE)
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        json.dump(calls, file, indent=1, sort_keys=True)
    os.replace(path + ".tmp", path)
