"""Turns options into a plan: configuration, data and checkpoints, checked against each other.

Only reading TensorFlow checkpoints needs TensorFlow here, so mistakes are reported at once.
"""

import argparse
import dataclasses
import os
from typing import Any, Callable, Dict, List, Optional

from shared import config, dataset_vocabulary, metric_names
from shared.config import Config
from shared.config.input_sections import EVAL_INPUT, PREDICT_INPUT, TRAIN_INPUT
from shared.errors import UserError
from shared.manifest import Manifest
from shared.manifest_file import read_manifest
from shared.remote import mirror, sources
from train.checkpoints import files, model_dir
from train.data import splits as choose_splits
from train.planning import (
    configuration,
    free_folder,
    length,
    modelzoo_dir,
    resolve,
    stated_data,
    training_loss,
)
from train.planning.plan import (
    EVAL_ALL_MODE,
    EVAL_MODE,
    PREDICT_MODE,
    TRAIN_AND_EVAL_MODE,
    TRAIN_MODE,
    WSE,
    Plan,
    Source,
)
from train.pretrained import fit
from train.pretrained.read import read as read_pretrained
from train.scoring import prediction_record
from train.wse import rules

# {mode: the sections of the configuration whose data it reads}
_SECTIONS = {
    TRAIN_MODE: (TRAIN_INPUT,),
    EVAL_MODE: (EVAL_INPUT,),
    EVAL_ALL_MODE: (EVAL_INPUT,),
    TRAIN_AND_EVAL_MODE: (TRAIN_INPUT, EVAL_INPUT),
    PREDICT_MODE: (PREDICT_INPUT,),
}
_RANDOM = "random weights"


def make(options: argparse.Namespace) -> Plan:
    """The plan for the options of train/run.py.

    Raises:
      UserError: configuration, data, model_dir and checkpoint do not fit together.
    """
    model_dir.check_name(options.model_dir)
    start = configuration.start_of(options)
    params = configuration.load(options, start)
    if options.backend == WSE:
        rules.check(params, options)
    elif any(params.csconfig.values()):
        print(f"{options.params}: csconfig has no effect: it is for a CS system")
    sections = _sections(params, options)
    configuration.check_names_no_code(params, options, sections)
    data = {section: read_data(params, section, options) for section in sections}
    if TRAIN_INPUT in data:
        choose_splits.check_train(data[TRAIN_INPUT])
        _check_has_end(params)
        if options.seeds:
            _check_seeds(params)
        params = length.in_steps(params, data[TRAIN_INPUT])
        params = training_loss.of_data(params, options.params, data[TRAIN_INPUT])
    if options.mode == TRAIN_MODE or _is_compiled(options):
        _leave_out_unscored(data, options)
    _check_metrics(params, options.params, data.get(EVAL_INPUT))
    splits = _splits(data, options.split)
    plan = _plan(params, options, data, splits, start)
    return _of_prediction(plan, options) if options.mode == PREDICT_MODE else plan


def _plan(params, options, data, splits, start) -> Plan:
    if options.checkpoint_path and TRAIN_INPUT not in data:
        return _given_checkpoint(params, options, data, splits, start())
    checkpoints = files.newest_first(options.model_dir)
    if checkpoints:
        return _continuation(params, options, data, splits, checkpoints)
    return _fresh_start(params, options, data, splits, start)


def _is_compiled(options: argparse.Namespace) -> bool:
    """Whether steps are only built, for which any weights will do."""
    return bool(options.validate_only or options.compile_only)


def _of_prediction(plan: Plan, options: argparse.Namespace) -> Plan:
    """The plan with what is asked of its files."""
    dataset, manifest = plan.scored_input.dataset, plan.scored_data
    assert manifest
    if options.with_text:
        if dataset is None:
            raise UserError(
                f"--with_text: the texts of {plan.scored_input.place} are not known without a "
                "dataset; give its folder, too (--data_dir)"
            )
        dataset_vocabulary.required(dataset, manifest)
    if not _is_compiled(options):
        for split in plan.splits:
            prediction_record.check_replaceable(plan.model_dir, manifest, split)
    return dataclasses.replace(plan, with_text=bool(options.with_text), with_csv=bool(options.csv))


def _sections(params: Config, options: argparse.Namespace) -> "tuple[str, ...]":
    """Those whose data the run reads."""
    is_scored = params.runconfig.eval_checkpoints and options.backend != WSE
    mode = TRAIN_AND_EVAL_MODE if options.mode == TRAIN_MODE and is_scored else options.mode
    return _SECTIONS[mode]


def _check_has_end(params: Config) -> None:
    run = params.runconfig
    if not (run.steps or run.max_steps or run.num_epochs):
        raise UserError(
            "training has no end: give --max_steps, or runconfig.num_epochs or max_steps in the "
            "YAML"
        )


def _check_seeds(params: Config) -> None:
    if params.runconfig.steps:
        raise UserError(
            "--seeds with steps: a restart would train some seeds longer than others; use "
            "--max_steps (runconfig.max_steps)"
        )
    if params.runconfig.multiple_workers:
        raise UserError("--seeds with runconfig.multiple_workers: start each seed separately")


def _check_metrics(params: Config, path: str, scored: Optional[Manifest]) -> None:
    """Checks what evaluations are to compute."""
    chosen = {"runconfig.best_metric": params.runconfig.best_metric}
    if params.quality:
        chosen["quality.metric"] = params.quality.metric
    for key, metric in chosen.items():
        if scored and metric:
            metric_names.check(f"{path}: {key}", metric, scored)


def _leave_out_unscored(data: Dict[str, Manifest], options: argparse.Namespace) -> None:
    """Data without a labelled split besides train is only trained on, where nobody asked for more:
    `make compile` compiles for train_and_eval, and eval_checkpoints is the recipe's."""
    if TRAIN_INPUT not in data or EVAL_INPUT not in data or options.split:
        return
    if not choose_splits.labelled(data[EVAL_INPUT]):
        print("no labelled split to evaluate: only training")
        del data[EVAL_INPUT]


def read_data(params: Config, section: str, options: argparse.Namespace) -> Manifest:
    """The manifest of the dataset of train_input, eval_input or predict_input; of an input function
    without one, what the configuration states.

    Raises:
      UserError: it is missing, or does not fit the configuration.
    """
    inputs = getattr(params, section)
    if inputs.data_dir is None and inputs.input_fn:
        return stated_data.manifest(params, options.params, section)
    if inputs.data_dir is None:
        raise UserError(
            f"no dataset: give --data_dir (DATA_DIR), or {section}.data_dir in {options.params}"
        )
    manifest = read_manifest(inputs.dataset)
    resolve.check_data(params, options.params, section, inputs.data_dir, manifest)
    return manifest


def _splits(data: Dict[str, Manifest], split: Optional[str]) -> List[str]:
    if PREDICT_INPUT in data:
        return choose_splits.to_predict(data[PREDICT_INPUT], split)
    return choose_splits.to_evaluate(data[EVAL_INPUT], split) if EVAL_INPUT in data else []


def _fresh_start(params, options, data, splits, start) -> Plan:
    folder = options.model_dir
    if TRAIN_INPUT not in data and _is_compiled(options):
        params = resolve.everything(params, next(iter(data.values())), None)
        return Plan(params, folder, data, splits, _RANDOM)
    if TRAIN_INPUT not in data:
        raise UserError(
            f"{mirror.named(folder)} has no trained model; train one with `make train`, give "
            "its folder with MODEL_DIR, or a classifier's checkpoint with CHECKPOINT"
        )
    free_folder.check(folder, options.checkpoint_path)
    manifest = data[TRAIN_INPUT]
    _check_can_score(model_dir.data_facts(manifest), folder, params, data)
    if options.checkpoint_path is None:
        print(
            "starting from random weights; give --checkpoint_path (CHECKPOINT) for a trained BERT"
        )
        params = resolve.everything(params, manifest, None)
        return Plan(params, folder, data, splits, _RANDOM)
    pretrained = start()
    params = resolve.everything(params, manifest, pretrained)
    model = params.model
    weights, new = fit.initial_weights(model, pretrained)
    print(f"{len(weights)} variables from {_described(pretrained)}; new: {', '.join(new)}")
    source = _source(pretrained.path, weights, lambda again: fit.initial_weights(model, again)[0])
    return Plan(params, folder, data, splits, sources.named(pretrained.path), source=source)


def _given_checkpoint(params, options, data, splits, pretrained) -> Plan:
    """Scores a given classifier as it is."""
    (manifest,) = data.values()
    _check_results_go_elsewhere(options.model_dir, pretrained.path)
    columns = fit.check_classifier(pretrained, manifest, print)
    params = resolve.everything(params, manifest, pretrained)
    model = params.model
    weights = fit.classifier_weights(model, pretrained, columns)
    print(f"{len(weights)} variables from {_described(pretrained)}")
    source = _source(
        pretrained.path, weights, lambda again: fit.classifier_weights(model, again, columns)
    )
    origin = sources.named(pretrained.path)
    return Plan(params, options.model_dir, data, splits, origin, source=source)


def _check_results_go_elsewhere(folder: str, path: str) -> None:
    """Results of a given checkpoint must not go into the folder of another training."""
    is_own = os.path.abspath(os.path.dirname(path)) == os.path.abspath(folder)
    if files.steps(folder) and not is_own:
        raise UserError(
            f"{folder} holds another training; give another MODEL_DIR for the results of {path}"
        )


def _source(path: str, weights: Dict[str, Any], fitted: Callable) -> Source:
    """Args: fitted, a function of what read_pretrained returns: {name: array}."""
    return Source(path, tuple(weights), lambda: fitted(read_pretrained(path)))


def _described(pretrained) -> str:
    return f"{sources.named(pretrained.path)} ({pretrained.format})"


def _continuation(params, options, data, splits, checkpoints) -> Plan:
    folder = options.model_dir
    section, manifest = next(iter(data.items()))
    trained = modelzoo_dir.read(folder, params, section, manifest, print)
    trained = trained or model_dir.read_params(folder)
    if trained is None:
        raise UserError(
            f"{folder} has checkpoints but no {model_dir.PARAMS_FILE}, so their training data is "
            "unknown; choose another MODEL_DIR"
        )
    if TRAIN_INPUT in data:
        place = params.train_input.place
        model_dir.check_same_data(folder, trained, place, data[TRAIN_INPUT])
    elif section == EVAL_INPUT:
        for line in model_dir.other_data(trained, params.eval_input.place, manifest):
            print(line)
    _check_can_score(trained[config.DATA_SECTION], folder, params, data)
    params = model_dir.with_trained_model(folder, trained, params)
    params = resolve.everything(params, manifest, None)
    if options.checkpoint_path:
        print(f"CHECKPOINT (--checkpoint_path) is ignored: {folder} already has a checkpoint")
    origin = trained[config.DATA_SECTION]["initialized_from"]
    return Plan(params, folder, data, splits, origin, checkpoints=checkpoints, trained=trained)


def _check_can_score(facts: dict, folder: str, params: Config, data) -> None:
    """Args: facts, model_dir.data_facts of the data that the model is trained on."""
    for section in (EVAL_INPUT, PREDICT_INPUT):
        if section in data:
            place = getattr(params, section).place
            model_dir.check_can_evaluate(facts, folder, place, data[section])
