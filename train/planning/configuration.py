"""The configuration of a run: a file, the command line's settings, and what its start says."""

import argparse
import dataclasses
import functools
import os
from typing import Any, Callable, Dict, Optional, Sequence

from shared import config
from shared.config import Config
from shared.config.input_sections import INPUTS
from shared.errors import UserError
from train.checkpoints import files, model_dir
from train.planning import modelzoo_dir
from train.planning.plan import EVAL_ALL_MODE, EVAL_MODE, PREDICT_MODE
from train.pretrained import modelzoo
from train.pretrained.read import read as read_pretrained
from train.pretrained.weights import Pretrained


def default_path(mode: str, folder: str) -> str:
    """A model's own configuration to use it, the fine-tuning recipe to train."""
    own = os.path.join(folder, model_dir.PARAMS_FILE)
    is_used = mode in (EVAL_MODE, EVAL_ALL_MODE, PREDICT_MODE)
    return own if is_used and os.path.exists(own) else config.RECIPE


def start_of(options: argparse.Namespace) -> Callable[[], Pretrained]:
    """A function that reads the given checkpoint, once: it may be hundreds of megabytes."""
    return functools.lru_cache(maxsize=None)(lambda: read_pretrained(options.checkpoint_path))


def load(
    options: argparse.Namespace,
    start: Callable[[], Pretrained],
    log: Callable[[str], None] = print,
) -> Config:
    """The configuration for the options of train/run.py.

    Args:
      start: start_of the options.
      log: as of shared.config.load.
    Raises:
      UserError: it has errors, or leaves the model's sizes to a checkpoint and there is none.
    """
    params = config.load(options.params, log, options.set or (), lambda: _model_of(options, start))
    return _with_options(params, options)


def check_names_no_code(
    params: Config, options: argparse.Namespace, sections: Sequence[str]
) -> None:
    """Checks that the functions which a run calls are named by the user, not by a model folder:
    that may lie where others can write.

    Args: sections, those whose data the run reads.
    Raises:
      UserError: the configuration is a model folder's, and names an input function.
    """
    if not _is_of_model_folder(options):
        return
    for section in sections:
        key, function = f"{section}.input_fn", getattr(params, section).input_fn
        if function and key not in params.given:
            raise UserError(
                f"{options.params}: {key} is {function}, but no code is run that a model folder's "
                f"file names, as others may have written it. Name it yourself with "
                f"SET={key}={function} (--set), or in your own configuration (CONFIG, --params)"
            )


def _is_of_model_folder(options: argparse.Namespace) -> bool:
    folder, name = os.path.split(os.path.realpath(options.params))
    is_there = os.path.exists(os.path.join(folder, files.STATE_FILE))
    is_own = folder == os.path.realpath(options.model_dir)
    return name == model_dir.PARAMS_FILE and (is_own or is_there)


def _model_of(options: argparse.Namespace, start: Callable[[], Pretrained]) -> Dict[str, Any]:
    """What is known of the section model from the model folder, or else from the checkpoint."""
    trained = _trained_model(options.model_dir)
    if trained is not None and files.newest_first(options.model_dir):
        known = (*model_dir.FIXED_KEYS, *modelzoo.DROPOUT_RATES)
        return {key: value for key, value in trained.items() if key in known}
    if options.checkpoint_path:
        found = start()
        sizes = {name: size for name, size in found.sizes.items() if name != "vocab_size"}
        return {**sizes, **found.dropout_rates}
    raise UserError(
        f"{options.params} leaves the model's sizes to a checkpoint: give CHECKPOINT=<a BERT's "
        "folder> (--checkpoint_path). Or train from random weights with a configuration that "
        "states them, such as MODEL=tiny"
    )


def _trained_model(folder: str) -> Optional[Dict[str, Any]]:
    """The section model of a folder's training, ours or the Model Zoo's; None without one."""
    theirs = modelzoo_dir.params(folder)
    if theirs is not None:
        return config.dump(theirs)["model"]
    trained = model_dir.read_params(folder)
    return None if trained is None else trained["model"]


def _with_options(params: Config, options: argparse.Namespace) -> Config:
    """The configuration with the overrides of the command line."""
    run = params.runconfig
    if options.steps or options.max_steps:
        run = dataclasses.replace(
            run, steps=options.steps, max_steps=options.max_steps, num_epochs=None
        )
    if options.eval_steps is not None:
        run = dataclasses.replace(run, eval_steps=options.eval_steps)
    if options.seed is not None:
        run = dataclasses.replace(run, tf_random_seed=options.seed)
    inputs = {}
    if options.data_dir is not None:
        for name in INPUTS:
            inputs[name] = dataclasses.replace(getattr(params, name), data_dir=options.data_dir)
    return dataclasses.replace(params, runconfig=run, **inputs)
