"""Options become a plan: configuration, data and checkpoints, checked against each other.

Nothing here needs TensorFlow but the reading of its checkpoints, so mistakes are answered at once.
"""

import argparse
import dataclasses
import os
from dataclasses import dataclass
from typing import Any, Dict, List, Optional

from shared import config, manifest
from shared.config import Config, InputConfig
from shared.config.modelzoo_keys import INPUTS
from shared.errors import UserError
from shared.manifest import Manifest
from train import resolve
from train.checkpoints import files, model_dir
from train.data import splits as choose_splits
from train.pretrained import fit
from train.pretrained.read import read as read_pretrained
from train.wse import rules

GPU, CPU, WSE = BACKENDS = ("gpu", "cpu", "wse")
TRAIN, EVAL, EVAL_ALL, TRAIN_AND_EVAL, PREDICT = MODES = (
    *("train", "eval", "eval_all"),
    *("train_and_eval", "predict"),
)
_TRAIN_INPUT, _EVAL_INPUT, _PREDICT_INPUT = INPUTS
# {mode: the sections of the configuration whose data it reads}
_SECTIONS = {
    TRAIN: (_TRAIN_INPUT,),
    EVAL: (_EVAL_INPUT,),
    EVAL_ALL: (_EVAL_INPUT,),
    TRAIN_AND_EVAL: (_TRAIN_INPUT, _EVAL_INPUT),
    PREDICT: (_PREDICT_INPUT,),
}


@dataclass(frozen=True)
class Plan:
    """What a run will do, with nothing left to decide but the devices.

    Attributes:
      params: the configuration, nothing unset; runconfig.xla may still be `auto`.
      model_dir: where checkpoints and results go.
      data: {section of the configuration: manifest}, for those that the mode reads.
      splits: which splits to score or to predict.
      checkpoints: those of model_dir to go on from or to score, the best choice first; empty for
        a fresh start.
      weights: {variable name: array} where checkpoints is empty: what a fresh start begins with,
        the others being random; or all, where they are only scored.
      origin: where the first weights of this model came from.
      trained: the params.yaml of model_dir where the run goes on from it, else None.
    """

    params: Config
    model_dir: str
    data: Dict[str, Manifest]
    splits: List[str]
    checkpoints: List[str]
    weights: Dict[str, Any]
    origin: str
    trained: Optional[dict]

    @property
    def train_data(self) -> Optional[Manifest]:
        return self.data.get(_TRAIN_INPUT)

    @property
    def scored_data(self) -> Optional[Manifest]:
        """The data of `splits`."""
        return self.data.get(self.scored_section)

    @property
    def scored_section(self) -> str:
        return _PREDICT_INPUT if _PREDICT_INPUT in self.data else _EVAL_INPUT

    @property
    def scored_input(self) -> InputConfig:
        return getattr(self.params, self.scored_section)

    @property
    def eval_steps(self) -> Optional[int]:
        """Batches of an evaluation; None for all."""
        steps = self.params.runconfig.eval_steps
        return steps if steps and steps > 0 else None

    def last_step(self, first_step: int) -> int:
        """The global step at which a training that goes on from first_step ends."""
        run = self.params.runconfig
        if run.steps:
            return first_step + run.steps
        assert run.max_steps is not None  # `make` checks that a training has an end
        return run.max_steps


def make(options: argparse.Namespace) -> Plan:
    """The plan for the options of train/run.py.

    Raises:
      UserError: configuration, data, model_dir and checkpoint do not go together.
    """
    model_dir.check_name(options.model_dir)
    params = with_options(config.load(options.params, print), options)
    if options.backend == WSE:
        rules.check(params, options)
    elif params.csconfig:
        print(f"{options.params}: csconfig changes nothing: it is for a CS system")
    data = {section: read_data(params, section, options) for section in _SECTIONS[options.mode]}
    if _TRAIN_INPUT in data:
        choose_splits.check_train(data[_TRAIN_INPUT])
        _check_has_end(params)
        if options.seeds:
            _check_seeds(params)
    if options.validate_only or options.compile_only:
        _leave_out_unscored(data, options)
    splits = _splits(data, options.split)
    if options.checkpoint_path and _TRAIN_INPUT not in data:
        return _given_checkpoint(params, options, data, splits)
    checkpoints = files.newest_first(options.model_dir)
    if checkpoints:
        return _continuation(params, options, data, splits, checkpoints)
    return _fresh_start(params, options, data, splits)


def of_seed(options: argparse.Namespace, seed: int) -> argparse.Namespace:
    """The options of one of several trainings; its folder is <model_dir>/seed-<n>."""
    folder = os.path.join(options.model_dir, f"seed-{seed}")
    return argparse.Namespace(**{**vars(options), "seed": seed, "model_dir": folder})


def with_options(params: Config, options: argparse.Namespace) -> Config:
    """The configuration with what the command line overrides."""
    run = params.runconfig
    if options.steps or options.max_steps:
        run = dataclasses.replace(run, steps=options.steps, max_steps=options.max_steps)
    if options.eval_steps is not None:
        run = dataclasses.replace(run, eval_steps=options.eval_steps)
    if options.seed is not None:
        run = dataclasses.replace(run, tf_random_seed=options.seed)
    inputs = {}
    if options.data_dir is not None:
        for name in INPUTS:
            inputs[name] = dataclasses.replace(getattr(params, name), data_dir=options.data_dir)
    return dataclasses.replace(params, runconfig=run, **inputs)


def _check_has_end(params: Config) -> None:
    if not params.runconfig.steps and not params.runconfig.max_steps:
        raise UserError("no end of training: give --max_steps, or runconfig.max_steps in the YAML")


def _check_seeds(params: Config) -> None:
    if params.runconfig.steps:
        raise UserError(
            "--seeds with steps: a second start would train some seeds longer than others; give "
            "--max_steps (runconfig.max_steps)"
        )
    if params.runconfig.multiple_workers:
        raise UserError("--seeds with runconfig.multiple_workers: start each seed by itself")


def _leave_out_unscored(data: Dict[str, Manifest], options: argparse.Namespace) -> None:
    """`make compile` compiles for train_and_eval whatever the data is good for."""
    if options.mode != TRAIN_AND_EVAL or options.split:
        return
    if not choose_splits.labelled(data[_EVAL_INPUT]):
        print("no labelled split to evaluate: only the train step")
        del data[_EVAL_INPUT]


def read_data(params: Config, section: str, options: argparse.Namespace) -> Manifest:
    """The manifest of the dataset of train_input, eval_input or predict_input.

    Raises:
      UserError: there is none, or it does not go with the configuration.
    """
    dataset = getattr(params, section).data_dir
    if dataset is None:
        raise UserError(
            f"no dataset: give --data_dir (DATA_DIR), or {section}.data_dir in {options.params}"
        )
    found = manifest.read(dataset)
    resolve.check_data(params, options.params, section, dataset, found)
    return found


def _splits(data: Dict[str, Manifest], split: Optional[str]) -> List[str]:
    if _PREDICT_INPUT in data:
        return choose_splits.to_predict(data[_PREDICT_INPUT], split)
    return choose_splits.to_evaluate(data[_EVAL_INPUT], split) if _EVAL_INPUT in data else []


def _fresh_start(params, options, data, splits) -> Plan:
    folder = options.model_dir
    if _TRAIN_INPUT not in data:
        raise UserError(
            f"{folder} holds no trained model; train one with `make train`, give its folder with "
            "MODEL_DIR, or a classifier's checkpoint with CHECKPOINT"
        )
    found = data[_TRAIN_INPUT]
    _check_can_score(model_dir.data_facts(found), folder, params, data)
    if options.checkpoint_path is None:
        print("starts from random weights; give --checkpoint_path (CHECKPOINT) for a trained BERT")
        params = _resolved(params, found, None)
        return Plan(params, folder, data, splits, [], {}, "random weights", None)
    pretrained = read_pretrained(options.checkpoint_path)
    params = _resolved(params, found, pretrained)
    weights, new = fit.initial_weights(params.model, pretrained)
    print(f"{len(weights)} variables from {_source(pretrained)}; new: {', '.join(new)}")
    return Plan(params, folder, data, splits, [], weights, pretrained.path, None)


def _given_checkpoint(params, options, data, splits) -> Plan:
    """A classifier that is scored as it is."""
    (found,) = data.values()
    pretrained = read_pretrained(options.checkpoint_path)
    _check_results_go_elsewhere(options.model_dir, pretrained.path)
    fit.check_classifier(pretrained, found, print)
    params = _resolved(params, found, pretrained)
    weights = fit.classifier_weights(params.model, pretrained)
    print(f"{len(weights)} variables from {_source(pretrained)}")
    return Plan(params, options.model_dir, data, splits, [], weights, pretrained.path, None)


def _check_results_go_elsewhere(folder: str, path: str) -> None:
    """A training's folder is not for the scores of another one."""
    is_own = os.path.abspath(os.path.dirname(path)) == os.path.abspath(folder)
    if files.steps(folder) and not is_own:
        raise UserError(
            f"{folder} holds a training of its own; give another MODEL_DIR for the results of "
            f"{path}"
        )


def _source(pretrained) -> str:
    return f"{pretrained.path} ({pretrained.format})"


def _continuation(params, options, data, splits, checkpoints) -> Plan:
    folder = options.model_dir
    trained = model_dir.read_params(folder)
    if trained is None:
        raise UserError(
            f"{folder} holds checkpoints and no {model_dir.PARAMS_FILE}, so nobody knows what "
            "they were trained on; choose another MODEL_DIR"
        )
    if _TRAIN_INPUT in data:
        dataset = params.train_input.data_dir
        model_dir.check_same_data(folder, trained, dataset, data[_TRAIN_INPUT])
    _check_can_score(trained[config.DATA_SECTION], folder, params, data)
    params = model_dir.with_trained_model(folder, trained, params)
    params = _resolved(params, next(iter(data.values())), None)
    if options.checkpoint_path:
        print(f"--checkpoint_path is not used: {folder} has a checkpoint of its own")
    origin = trained[config.DATA_SECTION]["initialized_from"]
    return Plan(params, folder, data, splits, checkpoints, {}, origin, trained)


def _check_can_score(facts: dict, folder: str, params: Config, data) -> None:
    """Args: facts, model_dir.data_facts of the data that the model is trained on."""
    for section in (_EVAL_INPUT, _PREDICT_INPUT):
        if section in data:
            dataset = getattr(params, section).data_dir
            model_dir.check_can_evaluate(facts, folder, dataset, data[section])


def _resolved(params: Config, found: Manifest, pretrained) -> Config:
    """The configuration with nothing unset."""
    is_mixed = params.model.mixed_precision is not False
    return dataclasses.replace(
        params,
        model=resolve.model(params.model, found, pretrained, print),
        optimizer=resolve.optimizer(params.optimizer, is_mixed),
    )
