"""Creates the estimator for a plan."""

import dataclasses
import functools

from train.checkpoints import files, model_dir
from train.planning.plan import GPU, Plan


def estimator(plan: Plan, backend: str, is_training: bool):
    """Returns (an estimator, the path of the checkpoint of model_dir it starts from or None, the
    global step).

    Args: is_training, whether slots and counters are needed, too.
    Raises:
      UserError: no checkpoint of model_dir can be read, or it lacks variables; or the workers do
        not start from the same one.
    """
    from train.checkpoints import tensors
    from train.gpu import estimator as gpu
    from train.gpu import state

    params, devices = _prepared(plan, backend, is_training)
    model_dir.make(plan.model_dir)
    path, values = None, plan.source.read() if plan.source else {}
    if plan.checkpoints:
        read = functools.partial(state.read_weights, model=params.model)
        if is_training:
            read = functools.partial(
                state.read_checkpoint, model=params.model, options=params.optimizer
            )
        path, values = tensors.read_newest(plan.model_dir, read)
    # A training that starts from another one's checkpoint starts at 0.
    scored = path if is_training or path else plan.source.path
    step = files.step_of(scored) if scored else 0
    made = gpu.Estimator(params, plan.model_dir, values, devices)
    made.check_agree(step)
    return made, path, step


def throw_away_estimator(plan: Plan, backend: str, is_training: bool):
    """The same estimator with random weights that are never saved; does not touch model_dir."""
    from train.gpu import estimator as gpu

    params, devices = _prepared(plan, backend, is_training)
    return gpu.Estimator(params, plan.model_dir, {}, devices)


def _prepared(plan, backend, is_training):
    """(the configuration with runconfig.xla true or false, the strategy)."""
    from train.gpu.strategy import strategy

    params = _with_xla(plan.params, backend)
    return params, strategy(params.runconfig, backend, may_be_alone=not is_training)


def _with_xla(params, backend):
    run = params.runconfig
    xla = backend == GPU if run.xla == "auto" else run.xla
    return dataclasses.replace(params, runconfig=dataclasses.replace(run, xla=xla))
