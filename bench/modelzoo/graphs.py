"""The Model Zoo's graphs beside ours, node for node (train/wse/node_hashes.py)."""

import copy
import dataclasses
import importlib

import tensorflow as tf

from shared import config, records
from shared.manifest_file import read_manifest
from train.planning import resolve
from train.wse import node_hashes, report, rules
from train.wse.model_fn import ModeKeys

_FLOAT16 = {"mixed_precision": True}
_MODES = {"train": ModeKeys.TRAIN, "predict": ModeKeys.PREDICT}


def compared(path: str, dataset: str, package: str) -> dict:
    """{precision and mode: {"ours", "theirs", "common"}}, numbers of nodes.

    Args: path, of the configuration; package, of the Model Zoo's classifier.
    """
    utils, model = (importlib.import_module(f"{package}.{name}") for name in ("utils", "model"))
    given, ours = utils.get_params(path), _ours(path, dataset)
    found = {}
    for precision, changes in (("float32", {}), ("float16", _FLOAT16)):
        theirs = copy.deepcopy(given)
        theirs["model"].update(changes)
        theirs["optimizer"]["loss_scaling_factor"] = "dynamic" if changes else 1.0
        for name, mode in _MODES.items():
            nodes = _nodes(_graph(model.model_fn, theirs, mode))
            own = _nodes(report.build(_with(ours, changes), mode, *_shape(given)))
            found[f"{precision}, {name}"] = {
                "ours": len(own), "theirs": len(nodes), "common": len(own & nodes)
            }  # fmt: skip
    return found


def _ours(path, dataset):
    params = config.load(path, lambda line: None)
    return resolve.everything(params, read_manifest(dataset), None)


def _with(params, changes):
    model = dataclasses.replace(params.model, **changes)
    return rules.adapted(dataclasses.replace(params, model=model))


def _shape(params):
    inputs = params["train_input"]
    return inputs["batch_size"], inputs["max_sequence_length"]


def _graph(model_fn, params, mode):
    shape = _shape(params)
    with tf.Graph().as_default() as graph:
        features = {
            name: tf.compat.v1.placeholder(tf.int32, shape, name) for name in records.TOKEN_FEATURES
        }
        labels = tf.compat.v1.placeholder(tf.int32, shape[:1], "labels")
        model_fn(features, None if mode == ModeKeys.PREDICT else labels, mode, params)
    return graph


def _nodes(graph):
    hashes = node_hashes.of_graph(graph).items()
    return {digits for op, digits in hashes if node_hashes.is_counted(op)}
