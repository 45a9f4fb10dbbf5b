"""The modes on a Cerebras CS system, or on the CPU of Cerebras' container.

csrun_wse runs this in every task at once. So every file is written whole and with the same bytes in
each task, or by Cerebras' software.
"""

import argparse
import dataclasses

import numpy as np

from shared.errors import UserError
from shared.tasks import TRAIN_SPLIT
from train.checkpoints import files, model_dir
from train.data import order
from train.errors import explained
from train.planning.plan import EVAL_ALL_MODE, EVAL_MODE, PREDICT_MODE, TRAIN_MODE, Plan
from train.scoring import prediction_files, results, row_facts
from train.scoring.constant_answer import constant_answer, say_constant
from train.wse import (
    container,
    metrics,
    model_fn,
    own_input_fn,
    report,
    rules,
    warm_start,
    workers,
)
from train.wse import estimator as wse
from train.wse import input_fn as static_input_fn

# {a mode that can be compiled: its name in a tf.estimator}
_MODES = {TRAIN_MODE: model_fn.ModeKeys.TRAIN, PREDICT_MODE: model_fn.ModeKeys.PREDICT}


def run(plan: Plan, options: argparse.Namespace) -> None:
    """Any mode; args: options, of train/run.py."""
    ((section, manifest),) = plan.data.items()
    inputs = getattr(plan.params, section)
    rules.check_data(inputs.place, manifest, is_scored=plan.train_data is None)
    _check_gelu(plan)
    if inputs.input_fn:
        for split in plan.splits or [TRAIN_SPLIT]:
            own_input_fn.check(plan.params, section, split, manifest)
    with explained(inputs, manifest):
        if options.validate_only or options.compile_only:
            compile_steps(plan, options)
            return
        if not container.is_here():
            raise UserError(_NO_CONTAINER)
        mode = {
            TRAIN_MODE: train,
            EVAL_MODE: evaluate,
            EVAL_ALL_MODE: evaluate_all,
            PREDICT_MODE: predict,
        }[options.mode]
        mode(_prepared(plan), options.cs_ip)


def _check_gelu(plan) -> None:
    trained_with = plan.params.model.encoder_nonlinearity
    if trained_with == "gelu":
        return
    if trained_with != "gelu_erf":
        raise UserError(
            f"the model was trained with model.encoder_nonlinearity {trained_with}, but wse has "
            "gelu only; use BACKEND=gpu or cpu"
        )
    if plan.checkpoints and plan.train_data:
        raise UserError(
            f"{plan.model_dir} was trained with the erf form of gelu, but wse has the tanh form; "
            f"start over in another MODEL_DIR with CHECKPOINT={plan.model_dir}"
        )
    print("warning: the checkpoint was trained with the erf form of gelu; wse has the tanh form")


def _prepared(plan: Plan) -> Plan:
    """The plan as wse runs it; creates model_dir."""
    model_dir.make(plan.model_dir)
    files.settle(plan.model_dir)
    return dataclasses.replace(plan, params=rules.adapted(plan.params))


_NO_CONTAINER = (
    "--backend wse runs in Cerebras' container, but the Python package cerebras.tf is not "
    "installed. If csrun_wse is on the PATH, `make train BACKEND=wse` starts it; without it, `make "
    "compile BACKEND=wse` checks what can be checked outside, and BACKEND=gpu or cpu trains."
)
_VERIFIED = "checks passed: all lines marked ok above."
_ONLY_THERE = (
    "Only csrun_cpu can verify the rest: that Cerebras' compiler matches the graph to kernels and "
    "places them, and that the container's nodes see the data and model_dir."
)
# The same in every task, on any machine.
_ENVIRONMENT = {"backend": "wse", "devices": 1}


def compile_steps(plan: Plan, options: argparse.Namespace) -> None:
    """Modes with --validate_only or --compile_only: the checks, then Cerebras' compiler."""
    mode = _MODES[options.mode]
    for line in report.lines(plan, mode):
        print(line)
    if not container.is_here():
        print(f"{_VERIFIED} {_ONLY_THERE}")
        return
    adapted = _prepared(plan)
    estimator = _estimator(adapted, options.cs_ip, is_compiled=True)
    estimator.compile(_input_fn(adapted), bool(options.validate_only), mode)
    done = "validated up to kernel matching" if options.validate_only else "compiled"
    print(f"{_VERIFIED} Cerebras' compiler has {done} the graph of mode {options.mode}.")


def train(plan: Plan, cs_ip) -> None:
    """Mode train."""
    first_step = 0
    if plan.checkpoints:
        report.check_can_continue(plan)
        first_step = files.step_of(plan.checkpoints[0])
        print(f"resuming from {plan.checkpoints[0]}")
        for change in model_dir.changes(plan.trained, plan.params, _ENVIRONMENT):
            print(f"settings changed since the last checkpoint: {change}")
    if plan.params.model.mixed_precision:
        print("overflowing steps are not counted; runconfig.max_skipped_steps is for gpu and cpu")
    last_step = plan.last_step(first_step)
    if first_step >= last_step:
        model_dir.check_is_ours(plan.model_dir, plan.trained, plan.params, first_step)
        print(f"nothing to train: step {first_step} has reached max_steps {last_step}")
        return
    estimator = _estimator(plan, cs_ip)
    model_dir.write_params(plan.model_dir, plan.params, plan.train_data, plan.origin, _ENVIRONMENT)
    estimator.train(_input_fn(plan, first_step), last_step)
    print(
        f"training finished at step {last_step}; evaluate with BACKEND=gpu or cpu from "
        f"{plan.model_dir}"
    )


def evaluate(plan: Plan, cs_ip) -> None:
    """Mode eval: on the CPU of the container, every example once."""
    _evaluate(plan, _checkpoint(plan), _estimator(plan, cs_ip))


def evaluate_all(plan: Plan, cs_ip) -> None:
    """Mode eval_all: every checkpoint of model_dir, oldest first, in the same way."""
    estimator = _estimator(plan, cs_ip)
    scored = [
        _evaluate(plan, files.path_of(plan.model_dir, step), estimator)
        for step in files.steps(plan.model_dir)
    ]
    results.write_all(plan.model_dir, scored)


def _evaluate(plan: Plan, checkpoint: str, estimator) -> dict:
    """{split: what its file holds}, as train/modes/evaluation.py returns it."""
    found = {}
    for split in plan.splits:
        examples, wanted = plan.scored_data.splits[split].examples, plan.scored_input.batch_size
        examples = min(examples, (plan.eval_steps or examples) * wanted)
        batch_size = _largest_divisor(examples, wanted)
        input_fn = _input_fn(plan, split=split, batch_size=batch_size)
        steps = examples // batch_size
        scored = estimator.evaluate(input_fn, steps, checkpoint, split)
        step = int(scored.pop("global_step"))
        values = {name: float(scored[theirs]) for theirs, name in metrics.OURS if theirs in scored}
        theirs = results.in_modelzoo_names(split, values["accuracy"])
        result = results.result(step, examples, values, None, theirs)
        print(results.line(plan.scored_data, split, result))
        results.write(plan.model_dir, split, result)
        found[split] = result
    return found


def _largest_divisor(number: int, limit: int) -> int:
    """So that every batch is full: 872 examples in batches of up to 12 are 109 of 8."""
    return max(size for size in range(1, limit + 1) if number % size == 0)


def predict(plan: Plan, cs_ip) -> None:
    """Mode predict: the files of prediction_files.write."""
    checkpoint = _checkpoint(plan)
    facts = {split: _facts(plan, split) for split in plan.splits}  # eagerly, as the checkpoint
    estimator = _estimator(plan, cs_ip)
    for split in plan.splits:
        examples = plan.scored_data.splits[split].examples
        input_fn = _read_by_one(_input_fn(plan, split=split))
        rows = list(estimator.predict(input_fn, checkpoint, examples))
        if len(rows) == examples:
            _write_predictions(plan, split, np.stack(rows), facts[split])
        else:  # an error here would make csrun_wse end the chief, too
            print(
                f"predict {split}: this task received {len(rows):,} of {examples:,} answers and "
                "writes nothing; the chief has all"
            )


def _read_by_one(input_fn):
    """Checks when it is called: by then Cerebras' software has set TF_CONFIG."""

    def checked():
        workers.check_one_reader()
        return input_fn()

    return checked


def _facts(plan: Plan, split: str) -> row_facts.RowFacts:
    dataset = plan.scored_input.data_dir
    return row_facts.read(dataset, split, plan.scored_data, plan.with_text)


def _write_predictions(plan, split, scores, facts):
    manifest = plan.scored_data
    step = files.step_of(plan.checkpoints[0] if plan.checkpoints else plan.source.path)
    paths = prediction_files.write(
        plan.model_dir, manifest, split, scores, facts, step, plan.with_csv
    )
    for path in paths:
        print(f"predict {split}: {len(scores):,} examples in {path}")
    say_constant(constant_answer(manifest, scores), split)


def _estimator(plan: Plan, cs_ip, is_compiled: bool = False) -> wse.Estimator:
    (manifest,) = plan.data.values()
    start = warm_start.path_of(plan) if plan.train_data else None
    return wse.Estimator(
        plan.params, plan.model_dir, manifest.max_sequence_length, cs_ip, start, is_compiled
    )


def _checkpoint(plan: Plan) -> str:
    """The checkpoint to score: from model_dir, or the given one. Call it before Cerebras' packages
    are imported, which may turn eager execution off."""
    return plan.checkpoints[0] if plan.checkpoints else warm_start.path_of(plan)


def _input_fn(plan: Plan, first_step: int = 0, split=None, batch_size=None):
    """A function without arguments; args: split and batch_size, for scoring."""
    if plan.train_data:
        return lambda: _train_batches(plan, first_step)
    split, section = split or plan.splits[0], plan.scored_section
    size = batch_size or plan.scored_input.batch_size
    options = dataclasses.replace(plan.scored_input, batch_size=size)
    params = dataclasses.replace(plan.params, **{section: options})
    return lambda: static_input_fn.batches_to_score(params, section, split, plan.scored_data)


def _train_batches(plan: Plan, first_step: int):
    options, manifest = plan.params.train_input, plan.train_data
    if options.input_fn:
        return own_input_fn.train_batches(plan.params, TRAIN_SPLIT, manifest, first_step)
    seed = order.seed_of(plan.params)
    return static_input_fn.train_batches(options, manifest, seed, first_step)
