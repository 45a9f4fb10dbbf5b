"""Runs the Model Zoo's run.py: python -m bench.modelzoo.theirs <checkout> <arguments as JSON>.

The arguments are a list of lists, one for each run, all in this process. ["parts", <folder>,
<dataset>] is no run of theirs: it writes records.npz and parts.json into the folder.
"""

import importlib
import json
import os
import sys

import numpy as np
import yaml

from bench.modelzoo import data_of_theirs, graphs, parts

_CLASSIFIER = "modelzoo.transformers.tf.bert.fine_tuning.classifier"


def main(checkout: str, runs: list) -> None:
    data_of_theirs.provide(checkout)
    program = importlib.import_module(f"{_CLASSIFIER}.run")
    for arguments in runs:
        if arguments[0] == "parts":
            _write_parts(*arguments[1:])
        else:
            sys.argv = ["run.py", *arguments]
            program.main()


def _write_parts(folder, dataset):
    """The rows that its evaluation reads, and what is compared here already."""
    params = os.path.join(folder, "params.yaml")
    np.savez(os.path.join(folder, "records.npz"), **_records(params))
    found = {**parts.compared(), "graphs": graphs.compared(params, dataset, _CLASSIFIER)}
    with open(os.path.join(folder, "parts.json"), "w") as file:
        json.dump(found, file)


def _records(path):
    """{feature: array [N, ...]}, and the labels."""
    with open(path) as file:
        params = yaml.safe_load(file)
    data = importlib.import_module(f"{_CLASSIFIER}.data")
    batches = list(data.eval_input_fn(params))
    names = (*batches[0][0], "labels")
    rows = [{**features, "labels": labels} for features, labels in batches]
    return {name: np.concatenate([batch[name].numpy() for batch in rows]) for name in names}


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
