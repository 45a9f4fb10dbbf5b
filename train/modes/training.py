"""Modes train and train_and_eval."""

import contextlib
import functools

from shared.errors import UserError
from shared.tasks import TRAIN
from train import signals
from train.checkpoints import files, model_dir
from train.data import user_input_fn
from train.data.input_fn import train_input_fn
from train.errors import explained
from train.gpu import from_plan, xla_cache
from train.modes import evaluation
from train.modes.best import Best
from train.plan import Plan


def train(todo: Plan, backend: str) -> None:
    """Mode train."""
    if todo.params.runconfig.early_stopping_patience:
        print("runconfig.early_stopping_patience means nothing with --mode train")
    _train(todo, backend, lambda *_: lambda step: False)


def train_and_eval(todo: Plan, backend: str) -> None:
    """Mode train_and_eval: scores every checkpoint, keeps the best one, and may stop early."""
    _train(todo, backend, _scoring)


def _train(todo: Plan, backend: str, make_after_checkpoint) -> None:
    """Args: make_after_checkpoint, a function (todo, environment, estimator, first_step,
    should_stop); what it returns is called with the step after each checkpoint and tells whether
    training ends there.
    """
    from train.gpu import strategy

    is_chief = strategy.worker_index(todo.params.runconfig) == 0
    with _locked(todo, is_chief), signals.sigterm_noted() as should_stop:
        _check_is_current(todo, is_chief)
        errors = functools.partial(
            explained, todo.params.train_input, todo.train_data, todo.params.optimizer
        )
        with errors():
            estimator, path, first_step = from_plan.estimator(todo, backend, is_training=True)
        environment = model_dir.environment(backend, estimator.devices)
        if path is not None:
            _say_how_it_continues(todo, environment, path)
        after = make_after_checkpoint(todo, environment, estimator, first_step, should_stop)
        last_step = todo.last_step(first_step)
        # A kill may have come between the checkpoint and its evaluation; twice does no harm.
        is_enough = path and _is_scored_step(todo, first_step, last_step) and after(first_step)
        if estimator.anyone(bool(is_enough)):
            return
        if first_step < last_step and is_chief:
            manifest, origin = todo.train_data, todo.origin
            model_dir.write_params(todo.model_dir, todo.params, manifest, origin, environment)
        with errors(devices=estimator.devices), xla_cache.reported(estimator.programs):
            estimator.train(_input_fn(todo, first_step), last_step, after, should_stop)


def _locked(todo: Plan, is_chief: bool):
    """Of several workers the first one holds the lock for all."""
    return model_dir.locked(todo.model_dir) if is_chief else contextlib.nullcontext()


def _check_is_current(todo: Plan, is_chief: bool) -> None:
    """The plan was made before the lock was held."""
    if is_chief and files.newest_first(todo.model_dir) != todo.checkpoints:
        raise UserError(
            f"another training has written to {todo.model_dir} in the meantime; start again"
        )


def _say_how_it_continues(todo: Plan, environment: dict, path: str) -> None:
    print(f"continues from {path}")
    for change in model_dir.changes(todo.trained, todo.params, environment):
        print(f"continues otherwise than it began: {change}")


def _is_scored_step(todo: Plan, step: int, last_step: int) -> bool:
    """Whether a run that was never stopped has an evaluation after this step."""
    return step % todo.params.runconfig.save_checkpoints_steps == 0 or step >= last_step


def _input_fn(todo: Plan, first_step: int):
    if todo.params.train_input.input_fn:
        read = functools.partial(user_input_fn.training_batches, split=TRAIN)
    else:
        read = train_input_fn
    return functools.partial(read, manifest=todo.train_data, first_step=first_step)


def _scoring(todo: Plan, environment: dict, estimator, first_step: int, should_stop):
    best = Best(todo, environment, estimator, first_step)

    def after_checkpoint(step):
        if not estimator.is_chief:
            return False
        return best.consider(step, evaluation.evaluate(estimator, todo, step, should_stop))

    return after_checkpoint
