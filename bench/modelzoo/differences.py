"""The table of differences, from what the programs of __main__.py left in a folder."""

import json
import os
import re

import numpy as np
import tensorflow as tf

from bench.modelzoo.inputs import BACKENDS, STEPS
from shared import records
from shared.manifest_file import read_manifest
from train.checkpoints import tensors
from train.data import in_memory

_LOSS = {"cpu": "train/loss", "wse": "train/cost_cls"}
_FIRST_MOMENT = "/AdamW"  # of a variable's gradient: after the first step (1 - beta1) times that
_BETA1 = 0.9
# Their gradients are 0 but for rounding: attention does not change if all keys move alike.
_NOISE = re.compile("k_projection/bias")


def rows(folder: str, dataset: str) -> "list[list[str]]":
    """[what, on cpu, on wse] of each comparison; numbers are the largest differences."""
    logits, gradients = _sizes(folder)
    return [
        ["records: rows with another id, mask, segment or label", *[_records(folder, dataset)] * 2],
        [f"logits, up to {logits}", *_each(_logits, folder)],
        ["loss of an evaluation", *_each(_evaluation, folder)],
        [f"losses of {STEPS} training steps", *_each(_losses, folder)],
        [f"gradients of the first step, up to {gradients} *", *_each(_gradients, folder)],
        [f"weights after {STEPS} steps of AdamW *", *_each(_weights, folder)],
        *_of_parts(folder),
        ["variables (name, shape, dtype) that our checkpoint lacks", *_each(_lacking, folder)],
        ["variables of ours that theirs lacks", *_each(_besides, folder)],
        ["a step from their checkpoint, here and there *", *_each(_continued, folder)],
        ["a step from our checkpoint, there *", *_each(_back, folder)],
        *_graphs(folder),
    ]


def _sizes(folder):
    """The largest logit and the largest gradient of theirs, which differences are to be seen by."""
    moments = _checkpoint(folder, "theirs", 1)
    largest = max(np.abs(moments[name]).max() for name in moments if name.endswith(_FIRST_MOMENT))
    logits = np.abs(_outputs(folder, "theirs", "tf_0")).max()
    return _number(logits), _number(largest / (1 - _BETA1))


def _each(compare, folder):
    return [compare(folder, backend) for backend in BACKENDS]


def _records(folder, dataset):
    manifest, split = read_manifest(dataset), "validation"
    ours = in_memory.read_split(dataset, split, manifest)
    width = manifest.max_sequence_length
    mask, segments = records.mask_and_segments(ours.lengths, ours.b_starts, width)
    columns = dict(zip(records.TOKEN_FEATURES, (ours.input_ids, mask, segments), strict=True))
    columns["labels"] = ours.labels[:, np.newaxis]
    with np.load(os.path.join(folder, "records.npz")) as theirs:
        differ = [
            (theirs[name].reshape(len(column), -1) != column).any(axis=1)
            for name, column in columns.items()
        ]
    return _counted(int(np.any(differ, axis=0).sum()), len(ours.labels))


def _logits(folder, backend):
    theirs = _outputs(folder, "theirs", "tf_0")
    return _number(np.abs(theirs - _outputs(folder, f"{backend}/scored", "validation")).max())


def _outputs(folder, run, name):
    with np.load(os.path.join(folder, run, "predict", f"predictions_{name}.npz")) as file:
        return file["arr_0"]


def _evaluation(folder, backend):
    with open(os.path.join(folder, backend, "scored", "eval_validation.json")) as file:
        ours = json.load(file)["loss"]
    (theirs,) = _logged(os.path.join(folder, "theirs", "eval"), "loss").values()
    return _number(abs(theirs - ours))


def _losses(folder, backend):
    theirs = _logged(os.path.join(folder, "theirs"), "train/cost_cls")
    ours = _logged(os.path.join(folder, backend, "run"), _LOSS[backend])
    return _number(max(abs(theirs[step] - ours[step]) for step in range(1, STEPS + 1)))


def _logged(run, tag):
    """{step: value} of TensorBoard's files in a folder."""
    found = {}
    for name in os.listdir(run):
        if name.startswith("events"):
            for event in tf.compat.v1.train.summary_iterator(os.path.join(run, name)):
                found.update((event.step, _value(v)) for v in event.summary.value if v.tag == tag)
    return found


def _value(value):
    has_tensor = value.HasField("tensor")
    return float(tf.make_ndarray(value.tensor) if has_tensor else value.simple_value)


def _gradients(folder, backend):
    ours, theirs = (_checkpoint(folder, run, 1) for run in (f"{backend}/run", "theirs"))
    names = [name for name in theirs if name.endswith(_FIRST_MOMENT)]
    return _largest(ours, theirs, names, 1 - _BETA1)


def _weights(folder, backend):
    return _of_step(folder, f"{backend}/run", STEPS)


def _continued(folder, backend):
    return _of_step(folder, f"{backend}/continued", STEPS + 1)


def _back(folder, backend):
    return _of_step(folder, f"{backend}/back", STEPS + 1)


def _of_step(folder, run, step):
    ours, theirs = (_checkpoint(folder, of, step) for of in (run, "theirs"))
    return _largest(ours, theirs, [name for name in theirs if f"{name}{_FIRST_MOMENT}" in theirs])


def _largest(ours, theirs, names, unit=1.0):
    compared = [name for name in names if not _NOISE.search(name)]
    assert compared
    return _number(max(np.abs(ours[name] - theirs[name]).max() / unit for name in compared))


def _checkpoint(folder, run, step):
    """{name: array} of all that a checkpoint holds."""
    path = _path(folder, run, step)
    return tensors.read(path, [name for name, _ in tf.train.list_variables(path)])


def _path(folder, run, step):
    return os.path.join(folder, run, f"model.ckpt-{step}")


def _lacking(folder, backend):
    theirs, ours = _variables(folder, "theirs"), _variables(folder, f"{backend}/run")
    return _counted(len(theirs - ours), len(theirs))


def _besides(folder, backend):
    theirs, ours = _variables(folder, "theirs"), _variables(folder, f"{backend}/run")
    return _counted(len(ours - theirs), len(ours))


def _variables(folder, run):
    """{(name, shape, dtype)} of a checkpoint."""
    found = _checkpoint(folder, run, STEPS).items()
    return {(name, array.shape, array.dtype.name) for name, array in found}


def _of_parts(folder):
    found = _parts(folder)
    for key, noun in (("schedules", "learning rates"), ("loss_scales", "loss scales")):
        of = found[key]
        yield [f"{noun}: {of['count']} courses of 60 steps", *(_number(of[b]) for b in BACKENDS)]


def _graphs(folder):
    for name, of in _parts(folder)["graphs"].items():
        strangers = _counted(of["ours"] - of["common"], of["ours"])
        yield [f"graph of {name}: nodes that are not theirs", "", strangers]


def _parts(folder):
    with open(os.path.join(folder, "parts.json")) as file:
        return json.load(file)


def _counted(number, of):
    return f"{number:,} of {of:,}"


def _number(difference):
    """
    >>> _number(0.0), _number(1.234e-07)
    ('0', '1.2e-07')
    """
    return f"{difference:.2g}"
