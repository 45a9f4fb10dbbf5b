"""Modes train and train_and_eval."""

import contextlib
import functools
from typing import Optional

from shared.errors import UserError
from shared.remote import mirror
from shared.tasks import TRAIN_SPLIT
from train import signals
from train.checkpoints import files, model_dir
from train.data import user_input_fn
from train.data.input_fn import train_input_fn
from train.errors import DivergedError, explained
from train.gpu import from_plan, metrics_log, tensorboard, xla_cache
from train.modes import best, evaluation, summary
from train.optim import schedule_remarks
from train.planning.plan import Plan


def train(plan: Plan, backend: str) -> Optional[dict]:
    """Modes train and train_and_eval: the second scores every checkpoint, keeps the best one, and
    may stop early; so does the first with runconfig.eval_checkpoints.

    Returns: what evaluation.evaluate returned for the best one; None if none was scored.
    """
    is_scored = bool(plan.splits)
    if plan.params.runconfig.early_stopping_patience and not is_scored:
        print("runconfig.early_stopping_patience has no effect: no checkpoint is scored")
    _train(plan, backend, _scoring if is_scored else lambda *_: lambda step: False)
    kept = best.read(plan.model_dir) if is_scored else None
    if _is_chief(plan):
        _say_where_it_is(plan, kept)
    return kept and kept["results"]


def _say_where_it_is(plan: Plan, kept: Optional[dict]) -> None:
    folder = mirror.named(plan.model_dir)
    print(f"model: {folder} (step {files.step_of(files.newest_first(plan.model_dir)[0])})")
    if kept:
        print(f"best: {best.folder(folder)} (step {kept['step']})")


def _is_chief(plan: Plan) -> bool:
    from train.gpu import strategy

    return strategy.worker_index(plan.params.runconfig) == 0


def _train(plan: Plan, backend: str, make_after_checkpoint) -> None:
    """Args: make_after_checkpoint, a function (plan, environment, estimator, first_step,
    should_stop); it returns a function that is called with the step after each checkpoint and
    returns whether training ends there.
    """
    is_chief = _is_chief(plan)
    with _locked(plan, is_chief), signals.noted() as should_stop:
        _check_is_current(plan, is_chief)
        errors = functools.partial(
            explained, plan.params.train_input, plan.train_data, plan.params.optimizer
        )
        with errors():
            estimator, path, first_step = from_plan.estimator(plan, backend, is_training=True)
        environment = model_dir.environment(backend, estimator.devices)
        last_step = plan.last_step(first_step)
        if first_step >= last_step:
            model_dir.check_is_ours(plan.model_dir, plan.trained, plan.params, first_step)
        if path is not None:
            _say_how_it_continues(plan, environment, path)
        after = make_after_checkpoint(plan, environment, estimator, first_step, should_stop)
        # A kill may have come between a checkpoint and its evaluation; repeating it does no harm.
        is_enough = path and _is_scored_step(plan, first_step, last_step) and after(first_step)
        if estimator.anyone(bool(is_enough)):
            model_dir.check_is_ours(plan.model_dir, plan.trained, plan.params, first_step)
            return
        if first_step < last_step and is_chief:
            _begin(plan, environment, first_step, last_step)
            print("\n".join(summary.lines(plan, first_step, last_step, estimator.dtype.name)))
        with errors(devices=estimator.devices), xla_cache.reported(estimator.programs):
            estimator.train(_input_fn(plan, first_step), last_step, after, should_stop)


def _locked(plan: Plan, is_chief: bool):
    """With several workers, the first one holds the lock for all."""
    return model_dir.locked(plan.model_dir) if is_chief else contextlib.nullcontext()


def _check_is_current(plan: Plan, is_chief: bool) -> None:
    """Checks the plan again, because it was made before the lock was held."""
    if is_chief and files.newest_first(plan.model_dir) != plan.checkpoints:
        raise UserError(
            f"another training has written to {plan.model_dir} in the meantime; start again"
        )


def _say_how_it_continues(plan: Plan, environment: dict, path: str) -> None:
    print(f"resuming from {path}")
    for change in model_dir.changes(plan.trained, plan.params, environment):
        print(f"settings changed since the last checkpoint: {change}")


def _begin(plan: Plan, environment: dict, first_step: int, last_step: int) -> None:
    """What the first worker does before the first step."""
    for remark in schedule_remarks.remarks(plan.params.optimizer, last_step):
        print(remark)
    manifest, origin = plan.train_data, plan.origin
    model_dir.write_params(plan.model_dir, plan.params, manifest, origin, environment)
    metrics_log.forget_after(plan.model_dir, first_step)
    if first_step:
        tensorboard.mark_restart(plan.model_dir, first_step + 1)


def _is_scored_step(plan: Plan, step: int, last_step: int) -> bool:
    """Whether an uninterrupted run evaluates after this step."""
    return step % plan.params.runconfig.save_checkpoints_steps == 0 or step >= last_step


def _input_fn(plan: Plan, first_step: int):
    if plan.params.train_input.input_fn:
        read = functools.partial(user_input_fn.training_batches, split=TRAIN_SPLIT)
    else:
        read = train_input_fn
    return functools.partial(read, manifest=plan.train_data, first_step=first_step)


def _scoring(plan: Plan, environment: dict, estimator, first_step: int, should_stop):
    judge = best.Best(plan, environment, estimator, first_step)

    def after_checkpoint(step):
        try:
            results = evaluation.evaluate(estimator, plan, step, should_stop)
        except DivergedError:
            if estimator.is_chief:
                files.go_back(plan.model_dir, step)
            raise
        return estimator.is_chief and judge.consider(step, results)

    return after_checkpoint
