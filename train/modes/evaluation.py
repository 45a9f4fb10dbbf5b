"""Modes eval and eval_all: scores weights on every example of some splits."""

import contextlib
import functools
import os
from typing import Optional

import numpy as np

from shared import metric_names, source_order, windows
from shared.errors import UserError
from shared.remote import sources
from train import errors
from train.checkpoints import files, model_dir, tensors
from train.data import user_input_fn
from train.data.input_fn import eval_input_fn
from train.errors import explained
from train.gpu import from_plan, state
from train.planning.plan import Plan
from train.scoring import metrics, pooling, results, thresholds
from train.scoring.constant_answer import constant_answer, say_constant

_ACCURACY = "accuracy"


def evaluate_once(plan: Plan, backend: str) -> dict:
    """Mode eval: the newest checkpoint of model_dir, or the given one; returns as `evaluate`."""
    _say_precision(plan)
    with scoring_estimator(plan, backend) as (estimator, step):
        return evaluate(estimator, plan, step)


@contextlib.contextmanager
def scoring_estimator(plan: Plan, backend: str):
    """Yields (an estimator with the weights that the plan scores, their step); at the end all
    workers wait until the first one, which writes for all, has come there.

    Raises:
      UserError: as from_plan.estimator; they do not fit in memory; or another worker is lost.
    """
    with explained(plan.scored_input, plan.scored_data):
        estimator, _, step = from_plan.estimator(plan, backend, is_training=False)
        if estimator.devices > 1:
            print(f"scoring on {estimator.devices} devices, which share the batches")
        yield estimator, step
        estimator.anyone(False)


def evaluate_all(plan: Plan, backend: str) -> None:
    """Mode eval_all: every checkpoint of model_dir, oldest first; ends with a table."""
    _say_precision(plan)
    with scoring_estimator(plan, backend) as (estimator, _):
        scored = _of_checkpoints(estimator, plan)
        if estimator.is_chief:
            print("\n".join(_table(scored)))
            results.write_all(plan.model_dir, scored)


def _of_checkpoints(estimator, plan: Plan) -> list:
    """What `evaluate` returns for each checkpoint that can be scored."""
    scored = []
    for step in files.steps(plan.model_dir):
        path = files.path_of(plan.model_dir, step)
        try:
            estimator.restore(state.read_weights(path, plan.params.model))
            estimator.check_agree(step)
            scored.append(evaluate(estimator, plan, step))
        except (tensors.DamagedError, errors.DivergedError) as error:
            print(f"step {step} skipped: {error}")
    return scored


def evaluate(estimator, plan: Plan, step: int, should_stop=lambda: False) -> dict:
    """Scores the plan's splits; for each prints a line and writes eval_<split>.json.

    Args:
      estimator: holds the weights of `step`.
      should_stop: called between batches; if true, Terminated is raised.
    Returns:
      {split: what its file holds}: step, examples, constant (the answer that every example gets,
      or null), the value of each metric, and the mean loss. Of several workers all must call this,
      and only the first one writes; the others get {}.
    """
    found = {}
    for split in plan.splits:
        predictions = answers(estimator, plan, split, plan.eval_steps, should_stop)
        errors.check_finite(predictions.scores, split)
        if estimator.is_chief:
            found[split] = _scored(estimator, plan, split, step, predictions)
    return found


def _scored(estimator, plan, split, step, predictions) -> dict:
    manifest = plan.scored_data
    limits = _tuned(plan, split, step, predictions)
    values = _values(plan, predictions, limits)
    constant = constant_answer(manifest, predictions.scores, limits)
    theirs = _in_modelzoo_names(plan, split, predictions, values)
    result = results.result(step, len(predictions.labels), values, constant, theirs)
    print(results.line(manifest, split, result))  # first: where no file can be written, it is there
    say_constant(constant, split)
    results.write(plan.model_dir, split, result)
    estimator.write_metrics(split, values, step)
    return result


def _tuned(plan: Plan, split: str, step: int, predictions):
    """`stored_thresholds`, tuned and stored anew where this is the first split and no test."""
    if plan.scored_data.is_multi_label and thresholds.may_be_tuned_on(split, plan.splits):
        found = thresholds.tuned(predictions.scores, predictions.labels)
        names = plan.scored_data.label_names
        thresholds.write(plan.model_dir, _checkpoint(plan, step), split, names, found)
    return stored_thresholds(plan, step)


def stored_thresholds(plan: Plan, step: int):
    """Of multi-label data the thresholds of the weights that the plan scores; else None."""
    if not plan.scored_data.is_multi_label:
        return None
    names = plan.scored_data.label_names
    return thresholds.read(plan.model_dir, _checkpoint(plan, step), names, print)


def _checkpoint(plan: Plan, step: int) -> str:
    """Whose thresholds they are: model_dir's own checkpoint of a step, or a given one; its path
    from model_dir."""
    is_own = plan.checkpoints or plan.train_data is not None
    path = files.path_of(plan.model_dir, step) if is_own else plan.source.path
    named = sources.named(path)
    return os.path.relpath(path, plan.model_dir) if named == path else named


def answers(estimator, plan: Plan, split: str, steps=None, should_stop=lambda: False):
    """Predictions of a split of the plan, of documents where the records are their windows.

    Args: steps, batches to take, None for all.
    """
    manifest = plan.scored_data
    documents = source_order.DOCUMENTS.read(plan.scored_input.dataset, split, manifest)
    with explained(plan.scored_input, manifest):
        predictions = estimator.evaluate(_input_fn(plan, split), steps, should_stop)
    found, everything = len(predictions.labels), manifest.splits[split].examples
    assert found == everything or steps or plan.scored_input.input_fn
    if documents is None:
        return predictions
    if found > everything or (found < everything and not steps):
        raise not_complete(plan, split, found)
    return _of_documents(predictions, documents[:found], window_pooling(plan))


def window_pooling(plan: Plan) -> Optional[str]:
    """How the logits of a document's windows become one; None without windows."""
    return None if plan.scored_data.windows is None else plan.params.model.window_pooling


def _of_documents(predictions, documents, how: str):
    return predictions._replace(
        scores=pooling.pooled(predictions.scores, documents, how),
        labels=predictions.labels[windows.firsts(documents)],
    )


def not_complete(plan: Plan, split: str, examples: int) -> UserError:
    """That an input function did not give each record once."""
    return UserError(
        f"{plan.scored_section}.input_fn gave {examples} examples of split {split}, which has "
        f"{plan.scored_data.splits[split].examples}; it must give each once, in the records' "
        "order, with `weights` 0 on rows that only fill a batch"
    )


def _input_fn(plan, split):
    if plan.scored_input.input_fn:
        read = functools.partial(user_input_fn.scored_batches, section=plan.scored_section)
    else:
        read = functools.partial(eval_input_fn, options=plan.scored_input)
    return functools.partial(read, split=split, manifest=plan.scored_data)


def _say_precision(plan: Plan) -> None:
    if plan.trained is not None:
        for change in model_dir.precision_change(plan.trained, plan.params):
            print(f"settings differ from those of the training: {change}")


def _values(plan: Plan, predictions, limits) -> dict:
    """{metric: value} and the mean loss; args: limits, thresholds or None."""
    names = plan.scored_data.label_names
    values = metrics.compute(plan.metrics, predictions.scores, predictions.labels, names, limits)
    return {**values, metric_names.LOSS: float(np.mean(predictions.losses(), dtype=np.float64))}


def _in_modelzoo_names(plan: Plan, split: str, predictions, values):
    """As results.in_modelzoo_names; None of scores, and of several labels a row."""
    manifest = plan.scored_data
    if manifest.is_regression or manifest.is_multi_label:
        return None
    if _ACCURACY not in values:
        values = metrics.compute([_ACCURACY], predictions.scores, predictions.labels)
    return results.in_modelzoo_names(split, values[_ACCURACY])


def _table(scored):
    """One line for each checkpoint."""
    for of_splits in scored:
        step = next(iter(of_splits.values()))["step"]
        shown = [
            f"{split} {name} {value:.4f}"
            for split, result in of_splits.items()
            for name, value in results.metrics_of(result).items()
        ]
        yield f"step {step:>8}  " + "  ".join(shown)
