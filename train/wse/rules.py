"""What the wse backend requires of a configuration, checked before any data is read."""

import argparse
import dataclasses
import os
from typing import Iterator, Optional

from shared.config import Config
from shared.config.input_sections import INPUTS
from shared.errors import UserError
from shared.manifest import Manifest
from shared.remote import urls
from train import slurm

_CS_MODES = ("train", "predict")
# Set if the scheduler assigns a CS system to the job; then we must not give its address.
ADDRESS_VARIABLE = "K8S_CS_IP"
_PORT = ":9000"
_GELU = "gelu"  # of model.encoder_nonlinearity, the only one


def uses_cs(cs_ip: Optional[str]) -> bool:
    """Whether a CS system computes, not the CPU of the container."""
    return cs_ip is not None or ADDRESS_VARIABLE in os.environ


def address(cs_ip: Optional[str]) -> Optional[str]:
    """What CSRunConfig expects: the IP address with the port.

    Raises:
      UserError: another port was given.
    """
    if cs_ip is None or ADDRESS_VARIABLE in os.environ:
        return cs_ip
    bare = cs_ip[: -len(_PORT)] if cs_ip.endswith(_PORT) else cs_ip
    if not bare or ":" in bare:
        raise UserError(f"--cs_ip {cs_ip}: expected a bare IP address; the port is always {_PORT}")
    return bare + _PORT


_FOLDERS_ONLY = "--backend wse reads and writes folders that Cerebras' container mounts"


def check_paths(options: argparse.Namespace) -> None:
    """Checks that what the options name is not in a store; raises UserError."""
    for name in ("model_dir", "data_dir", "checkpoint_path"):
        urls.check_is_local(getattr(options, name) or "", f"--{name}", _FOLDERS_ONLY)


def check(params: Config, options: argparse.Namespace) -> None:
    """Checks for everything that a CS system or its model cannot do.

    Args:
      params: as in the YAML.
      options: of train/run.py.
    Raises:
      UserError: lists all of them.
    """
    is_compiled = bool(options.validate_only or options.compile_only)
    _check_mode(options, is_compiled)
    address(options.cs_ip)
    if not is_compiled:
        _check_tasks(options.cs_ip)
    for section in INPUTS:
        place = getattr(params, section).data_dir or ""
        urls.check_is_local(place, f"{section}.data_dir", _FOLDERS_ONLY)
    faults = [*_model(params), *_training(params)]
    if is_compiled or uses_cs(options.cs_ip):
        faults += _for_cs(params)
    if faults:
        title = f"{options.params} cannot run with --backend wse:"
        raise UserError("\n".join([title, *("  " + fault for fault in faults)]))


def _check_mode(options, is_compiled: bool) -> None:
    is_scoring = options.mode in ("eval", "eval_all")
    evaluates_on_cpu = is_scoring and not is_compiled and not uses_cs(options.cs_ip)
    if options.seeds or not (options.mode in _CS_MODES or evaluates_on_cpu):
        what = "several seeds" if options.seeds else f"--mode {options.mode}"
        raise UserError(
            f"--backend wse does not support {what}: a CS system trains and predicts. Evaluate "
            f"with --backend gpu or cpu from {options.model_dir} or a copy of it; or "
            "in the container on its CPU, with --mode eval or eval_all and without --cs_ip"
        )


def _check_tasks(cs_ip) -> None:
    """Without a CS system each of csrun_wse's tasks would train on its CPU into one model_dir."""
    tasks = slurm.tasks()
    if tasks > 1 and not uses_cs(cs_ip):
        raise UserError(
            f"Slurm has started {tasks} tasks, but no CS system is given: give its address with "
            "CS_IP (--cs_ip), or start one task on the container's CPU with csrun_cpu"
        )


def _model(params: Config) -> Iterator[str]:
    if params.model.mixed_precision == "bfloat16":
        yield (
            "model.mixed_precision bfloat16: a CS system has float16 (true), optionally with "
            "csconfig.use_cbfloat16: true"
        )
    stated = params.model.encoder_nonlinearity
    if stated not in (None, _GELU):
        yield f"model.encoder_nonlinearity {stated}: wse has gelu in the tanh form only; use gelu"


def _training(params: Config) -> Iterator[str]:
    optimizer, run = params.optimizer, params.runconfig
    if optimizer.optimizer_type != "adamw":
        yield (
            f"optimizer.optimizer_type {optimizer.optimizer_type}: use adamw, the only one that "
            "Cerebras' compiler is known to accept"
        )
    if optimizer.grad_accum_steps > 1:
        yield "optimizer.grad_accum_steps: it is for GPUs; use a larger batch_size instead"
    for name in ("class_weights", "label_smoothing"):
        if getattr(optimizer, name):
            yield f"optimizer.{name}: it is for gpu and cpu; wse has plain cross entropy"
    for name in ("enable_distributed", "multiple_workers"):
        if getattr(run, name):
            yield f"runconfig.{name}: it is for GPUs; csrun_wse starts the input workers"
    if params.train_input.group_by_length:
        yield (
            "train_input.group_by_length: on wse every batch has max_sequence_length tokens; turn "
            "it off"
        )


def _for_cs(params: Config) -> Iterator[str]:
    if not params.model.mixed_precision:
        yield "model.mixed_precision false: a CS system computes in 16 bits; set it to true"


def check_data(dataset: str, manifest: Manifest, is_scored: bool = False) -> None:
    """Raises UserError for a regression task, for multi-label data, for rows with weights that are
    to be trained on, and for windows of texts that are to be scored."""
    if manifest.is_multi_label:
        raise UserError(
            f"{dataset} ({manifest.task}) is multi-label, and Cerebras' classifier gives each row "
            "one class; train it with BACKEND=gpu or cpu"
        )
    if manifest.is_regression:
        raise UserError(
            f"{dataset} ({manifest.task}) has scores, not classes, and Cerebras' classifier has no "
            "regression loss; train it with BACKEND=gpu or cpu"
        )
    if manifest.train_weights and not is_scored:
        raise UserError(
            f"{dataset} ({manifest.task}) has rows with weights, and wse has plain cross entropy; "
            "train it with BACKEND=gpu or cpu, or build it without `weight`"
        )
    if is_scored and manifest.windows is not None:
        raise UserError(
            f"{dataset} ({manifest.task}) has texts in windows, whose answers only gpu and cpu put "
            "together; wse trains on them, but evaluate and predict with BACKEND=gpu or cpu"
        )


def adapted(params: Config) -> Config:
    """The resolved configuration as wse computes it: float16, and gelu in the tanh form."""
    model = params.model
    mixed_precision = "float16" if model.mixed_precision else False
    model = dataclasses.replace(model, mixed_precision=mixed_precision, encoder_nonlinearity=_GELU)
    return dataclasses.replace(params, model=model)
