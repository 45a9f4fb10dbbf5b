"""The modes on a Cerebras CS system, or on the CPU of Cerebras' container.

csrun_wse runs this in every task at once. Every file is therefore written whole and with the same
bytes in each of them, or by Cerebras' software.
"""

import argparse
import dataclasses
import io
import json
import os

import numpy as np

from shared.errors import UserError
from shared.files import write_whole
from train import plan as plans
from train.checkpoints import files, model_dir
from train.data import order
from train.errors import explained
from train.plan import Plan
from train.scoring import constant_answer, prediction_files
from train.wse import estimator as wse
from train.wse import input_fn as static_input_fn
from train.wse import model_fn, report, rules, warm_start, workers

# {a mode that is compiled: its name in a tf.estimator}
_MODES = {plans.TRAIN: model_fn.TRAIN, plans.PREDICT: model_fn.PREDICT}


def run(todo: Plan, options: argparse.Namespace) -> None:
    """Any mode; args: options, of train/run.py."""
    ((section, manifest),) = todo.data.items()
    inputs = getattr(todo.params, section)
    rules.check_data(inputs.data_dir, manifest)
    _check_gelu(todo)
    with explained(inputs, manifest):
        if options.validate_only or options.compile_only:
            compile_steps(todo, options)
            return
        if not wse.is_in_container():
            raise UserError(_NO_CONTAINER)
        mode = {plans.TRAIN: train, plans.EVAL: evaluate, plans.PREDICT: predict}[options.mode]
        mode(_prepared(todo), options.cs_ip)


def _check_gelu(todo) -> None:
    if todo.params.model.encoder_nonlinearity == "gelu":
        return
    if todo.checkpoints and todo.train_data:
        raise UserError(
            f"{todo.model_dir} was trained with the erf form of gelu, and wse has the tanh form; "
            f"start anew in another MODEL_DIR with CHECKPOINT={todo.model_dir}"
        )
    print("warning: the checkpoint was trained with the erf form of gelu; wse has the tanh form")


def _prepared(todo: Plan) -> Plan:
    """The plan as wse runs it; makes model_dir."""
    model_dir.make(todo.model_dir)
    files.settle(todo.model_dir)
    return dataclasses.replace(todo, params=rules.adapted(todo.params))


_NO_CONTAINER = (
    "--backend wse runs in Cerebras' container, and the Python package cerebras is not here. Where "
    "csrun_wse is on the PATH, `make train BACKEND=wse` starts it; without it `make compile "
    "BACKEND=wse` checks what can be known outside, and BACKEND=gpu or cpu trains."
)
_VERIFIED = "verified: what the lines above begin with `ok`."
_ONLY_THERE = (
    "Only csrun_cpu can verify the rest: that Cerebras' compiler matches the graph to kernels and "
    "places them, and that the container's nodes see data and model_dir."
)
# The same in every task, wherever it runs.
_ENVIRONMENT = {"backend": "wse", "devices": 1}


def compile_steps(todo: Plan, options: argparse.Namespace) -> None:
    """Modes with --validate_only or --compile_only: the checks, then Cerebras' compiler."""
    mode = _MODES[options.mode]
    for line in report.lines(todo, mode):
        print(line)
    if not wse.is_in_container():
        print(f"{_VERIFIED} {_ONLY_THERE}")
        return
    adapted = _prepared(todo)
    estimator = _estimator(adapted, options.cs_ip, is_compiled=True)
    estimator.compile(_input_fn(adapted), bool(options.validate_only), mode)
    done = "validated up to kernel matching" if options.validate_only else "compiled"
    print(f"{_VERIFIED} Cerebras' compiler has {done} the graph of mode {options.mode}.")


def train(todo: Plan, cs_ip) -> None:
    """Mode train."""
    first_step = 0
    if todo.checkpoints:
        report.check_can_continue(todo)
        first_step = files.step_of(todo.checkpoints[0])
        print(f"continues from {todo.checkpoints[0]}")
        for change in model_dir.changes(todo.trained, todo.params, _ENVIRONMENT):
            print(f"continues otherwise than it began: {change}")
    if todo.params.model.mixed_precision:
        print("steps that overflow are not counted; runconfig.max_skipped_steps is for gpu and cpu")
    last_step = todo.last_step(first_step)
    if first_step >= last_step:
        print(f"nothing to train: step {first_step} is at or beyond max_steps {last_step}")
        return
    estimator = _estimator(todo, cs_ip)
    model_dir.write_params(todo.model_dir, todo.params, todo.train_data, todo.origin, _ENVIRONMENT)
    estimator.train(_input_fn(todo, first_step), last_step)
    print(
        f"training is at its end, step {last_step}; evaluate with BACKEND=gpu or cpu from "
        f"{todo.model_dir}"
    )


def evaluate(todo: Plan, cs_ip) -> None:
    """Mode eval: on the CPU of the container, every example once."""
    checkpoint = _checkpoint(todo)
    estimator = _estimator(todo, cs_ip)
    for split in todo.splits:
        examples, wanted = todo.scored_data.splits[split].examples, todo.scored_input.batch_size
        examples = min(examples, (todo.eval_steps or examples) * wanted)
        batch_size = _largest_divisor(examples, wanted)
        input_fn = _input_fn(todo, split=split, batch_size=batch_size)
        steps = examples // batch_size
        found = estimator.evaluate(input_fn, steps, checkpoint, split)
        values = {name: float(value) for name, value in sorted(found.items())}
        path = os.path.join(todo.model_dir, f"eval_{split}.json")
        write_whole(path, json.dumps({"examples": examples, **values}, indent=2) + "\n")
        shown = "  ".join(f"{name} {value:.4f}" for name, value in values.items())
        print(f"eval {split}: {shown}  ({examples:,} examples)")


def _largest_divisor(number: int, limit: int) -> int:
    """Every batch is full; 872 examples in batches of up to 12 are 109 of 8."""
    return max(size for size in range(1, limit + 1) if number % size == 0)


def predict(todo: Plan, cs_ip) -> None:
    """Mode predict: the logits under model_dir/predict, and the files of prediction_files.write."""
    checkpoint = _checkpoint(todo)
    estimator = _estimator(todo, cs_ip)
    for split in todo.splits:
        examples = todo.scored_data.splits[split].examples
        input_fn = _read_by_one(_input_fn(todo, split=split))
        rows = list(estimator.predict(input_fn, checkpoint, examples))
        if rows:
            _write_predictions(todo, split, np.stack(rows))
        else:
            print(f"predict {split}: no answer came to this task; the chief has them")


def _read_by_one(input_fn):
    """Checked when it is called: by then Cerebras' software has set TF_CONFIG."""

    def checked():
        workers.check_one_reader()
        return input_fn()

    return checked


def _write_predictions(todo, split, scores):
    manifest = todo.scored_data
    if len(scores) != manifest.splits[split].examples:
        raise UserError(
            f"predict {split}: {len(scores)} answers came for {manifest.splits[split].examples} "
            "examples; nothing is written"
        )
    folder = os.path.join(todo.model_dir, "predict")
    os.makedirs(folder, exist_ok=True)
    logits = os.path.join(folder, f"predictions_{split}.npz")
    content = io.BytesIO()
    np.savez(content, scores)
    write_whole(logits, content.getvalue())
    dataset = todo.scored_input.data_dir
    paths = prediction_files.write(todo.model_dir, dataset, manifest, split, scores)
    for path in [logits, *paths]:
        print(f"predict {split}: {len(scores):,} examples in {path}")
    constant_answer.say_constant(constant_answer.constant_answer(manifest, scores), split)


def _estimator(todo: Plan, cs_ip, is_compiled: bool = False) -> wse.Estimator:
    (manifest,) = todo.data.values()
    start = warm_start.path_of(todo) if todo.train_data else None
    return wse.Estimator(
        todo.params, todo.model_dir, manifest.max_sequence_length, cs_ip, start, is_compiled
    )


def _checkpoint(todo: Plan) -> str:
    """What is scored: of model_dir, or the one given. Before Cerebras' packages are imported: they
    may turn eager execution off."""
    return todo.checkpoints[0] if todo.checkpoints else warm_start.path_of(todo)


def _input_fn(todo: Plan, first_step: int = 0, split=None, batch_size=None):
    """A function of no argument; args: split and batch_size, where it is scored."""
    if todo.train_data:
        options, manifest = todo.params.train_input, todo.train_data
        seed = order.seed_of(todo.params)
        return lambda: static_input_fn.train_batches(options, manifest, seed, first_step)
    options, manifest = todo.scored_input, todo.scored_data
    options = dataclasses.replace(options, batch_size=batch_size or options.batch_size)
    split = split or todo.splits[0]
    return lambda: static_input_fn.scored_batches(options, split, manifest)
